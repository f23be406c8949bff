//! The WebSocket: its handshake, its socket, and its actor.

pub mod actor;
pub mod client_state;
pub mod command_queue;
pub mod fragments;
pub mod frame_guard;
pub mod handshake;
pub mod heartbeat;
pub mod socket;
