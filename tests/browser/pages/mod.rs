//! Every page in the states that people meet it in, checked by axe in every look.

mod account;
mod diner;
mod kitchen;
mod landing;
mod manage;
mod staff;
mod visit;
