//! A whole segment of any bytes is read the same in any chunks.

#![no_main]
#![allow(dead_code)] // Each target calls one of the bodies.

#[path = "../../crates/ts/tests/fuzz/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::segment(bytes));
