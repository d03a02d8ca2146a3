//! The built program from end to end: real OctoPrint, real sockets, the command line as people
//! type it. The same main job in a real browser is in `e2e/` at the root of the repository.

mod commands;
mod faults;
mod house;
mod linking;
mod octoprint;
mod streams;
mod workshop;
