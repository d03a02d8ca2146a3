//! The built program from end to end: real OctoPrint, Moonraker and
//! PrusaLink, real sockets, the command line as people
//! type it. The same main job in a real browser is in `e2e/` at the root of the repository.

mod audit;
mod behind_proxies;
mod bulk;
mod commands;
mod faults;
mod gate;
mod homes;
mod house;
mod hub_key;
mod kills;
mod levels;
mod linking;
mod moonraker;
mod names;
mod nobody_is_local;
mod octoprint;
mod places;
mod prusalink;
mod recorder;
mod relayed_floods;
mod restart;
mod second_lock;
mod service;
mod smuggling;
mod smuggling_http2;
mod stopping;
mod streams;
mod together;
mod websocket;
mod workshop;
