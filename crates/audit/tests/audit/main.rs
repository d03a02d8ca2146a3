//! The audit against real printers' software, set up well and badly, and against hosts that mean
//! harm. Everything is on loopback.

mod devices;
mod hostile;
mod polite;
mod printers;
mod rig;
mod router;
