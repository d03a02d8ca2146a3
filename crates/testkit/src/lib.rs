//! What the tests need that is not the program itself: a real OctoPrint with its virtual printer,
//! real Moonraker and PrusaLink in front of boards of our own, a camera, the built `layerlock` as
//! a process, a person with a browser's habits, network namespaces, and a clock that a test holds
//! in its hand. For development only; nothing that ships depends on it.
//!
//! Everything listens on 127.0.0.1 and ends with the value that started it, even if the test is
//! killed.

pub mod cable;
pub mod camera;
pub mod client;
pub mod clock;
pub mod frames;
pub mod haproxy;
mod klipper;
pub mod layerlock;
pub mod moonraker;
pub mod network;
pub mod octoprint;
pub mod process;
pub mod proxy;
pub mod prusalink;
mod pty;
mod rig;
pub mod terminal;
pub mod wait;
