//! The WebSocket: its handshake, the socket behind it, and the actor that speaks for it.

pub mod actor;
pub mod client_state;
pub mod command_queue;
pub mod fragments;
pub mod frame_guard;
pub mod handshake;
pub mod heartbeat;
pub mod socket;
