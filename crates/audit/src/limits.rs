//! How much an audit does at most, and what it puts up with. The figures are in docs/audit.md, too:
//! a printer is a small machine, and whoever answers may be hostile.

use std::time::Duration;

/// Addresses in one audit.
pub const MAX_ADDRESSES: usize = 1_024;
/// Hosts that are looked at at the same time.
pub const HOSTS_AT_ONCE: usize = 32;
/// Ports of one host that are tried at the same time. Once some are open, questions to a host are
/// asked one after the other.
pub const PORTS_AT_ONCE: usize = 4;
/// New connections a second, to all hosts together.
pub const CONNECTIONS_PER_SECOND: u32 = 100;
/// How long a connection may take to open.
pub const CONNECT: Duration = Duration::from_millis(1_500);
/// How long one question may take, from connecting to the last byte that is read. A small board
/// takes seconds for OctoPrint's first page.
pub const ANSWER: Duration = Duration::from_secs(10);
/// How long the body of an answer is read; what came until then counts.
pub const BODY_TIME: Duration = Duration::from_secs(2);
/// How long one host may take, all questions together.
pub const HOST: Duration = Duration::from_secs(90);
/// How much of an answer's head is read, in bytes.
pub const HEAD: usize = 16 * 1024;
/// How many lines a head may have.
pub const HEADERS: usize = 64;
/// How much of an answer's body is read, in bytes.
pub const BODY: usize = 64 * 1024;
/// How long routers are listened for.
pub const ROUTER: Duration = Duration::from_secs(3);
/// How long routers may take to tell their lists, all of them together.
pub const ROUTER_LIST: Duration = Duration::from_mins(1);
/// Routers that are asked.
pub const ROUTERS: usize = 4;
/// Routers that are heard, of which some are asked. Each counts once.
pub const ROUTERS_HEARD: usize = 64;
/// Lists that one router is asked for.
pub const LISTS: usize = 4;
/// Port mappings that are read from one list.
pub const MAPPINGS: u16 = 128;
