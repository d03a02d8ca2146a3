//! Both ends of a tunnel against each other: over a pipe in memory, and over TLS on a socket.

mod ends;
mod http;
