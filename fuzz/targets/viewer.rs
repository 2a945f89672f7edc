//! A viewer of any segments gets whole packets.

#![no_main]
#![allow(dead_code)] // Each target calls one of the bodies.

#[path = "../../crates/ts/tests/fuzz/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::viewer(bytes));
