//! The pages as people meet them: several real browsers at once, against the real binary, with nothing but the hooks of
//! section 9 of the contract. Needs chromedriver and Chromium; [`engines`] names what the other engines need.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod access;
mod agreed;
mod blocked;
mod browser;
mod deploy;
mod driver;
mod engines;
mod evening;
mod faults;
mod glass;
mod guest;
mod hooks;
mod house;
mod keyboard;
mod looks;
mod narrow;
mod one_by_one;
mod order;
mod pages;
mod push;
mod receipts;
mod refusals;
mod release;
mod renewals;
mod rings;
mod rush_hour;
mod service;
mod sight;
mod storage;
mod strings;
mod tabs;
mod taps;
mod toasts;
mod weight;
