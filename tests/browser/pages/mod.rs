//! Every page in each state that people see, checked by axe in every look.

mod account;
mod diner;
mod kitchen;
mod landing;
mod manage;
mod staff;
mod visit;
