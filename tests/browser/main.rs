//! The pages as people use them: several real browsers at once against the real binary, using only the pages' hooks
//! ([`hooks`]). Needs chromedriver and Chromium; [`engines`] lists what the other engines need.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod access;
mod agreed;
mod auto_accept;
mod blocked;
mod browser;
mod choices;
mod courses;
mod deploy;
mod driver;
mod engines;
mod entry;
mod evening;
mod faults;
mod glass;
mod guest;
mod histories;
mod hooks;
mod keyboard;
mod later;
mod looks;
mod moving;
mod narrow;
mod one_by_one;
mod order;
mod pages;
mod push;
mod receipts;
mod refusals;
mod release;
mod renewals;
mod restaurant;
mod rings;
mod rounds;
mod rush_hour;
mod service;
mod shifts;
mod sight;
mod storage;
mod strings;
mod strips;
mod tabs;
mod taps;
mod toasts;
mod weight;
