//! Fuzzing of everything that parses foreign bytes: `cargo xtask fuzz`. One program with all
//! targets, because linking is what takes long; `LAYERLOCK_FUZZ_TARGET` names the one to run.

#![no_main]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target says what it has found"
)]

mod targets;

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn target() -> fn(&[u8]) {
    let name = std::env::var("LAYERLOCK_FUZZ_TARGET").unwrap_or_default();
    let target = targets::ALL.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("LAYERLOCK_FUZZ_TARGET is no target: {name:?}")).1
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.get_or_init(target)(bytes));
