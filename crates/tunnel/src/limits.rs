//! The settings of HTTP/2 that keep one visitor from harming another. Each of them answers
//! something that was seen to go wrong with the library's defaults.

use std::time::Duration;

use h2::{client, server};

/// How much of everything one connection may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at the same time.
    pub streams: u32,
    /// Of these, how many are kept for [`crate::Priority::Control`].
    pub reserved: u32,
    /// What may be under way to a reader that doesn't read, per stream, in bytes.
    pub stream_window: u32,
    /// How long a request waits for a free stream.
    pub slot_wait: Duration,
    /// How many streams that were reset are remembered, so that what was still under way for
    /// them is ignored instead of counted as an error.
    pub remembered_resets: usize,
    /// How many of the other side's mistakes, each of which resets a stream, end the connection.
    /// `None` where cancelled requests are everyday life: what is still under way for a stream
    /// that nobody remembers looks like such a mistake.
    pub mistakes: Option<usize>,
}

/// The largest frame, in bytes. Larger ones gain nothing and delay small messages.
pub(crate) const FRAME: u32 = 16 * 1024;

/// The largest header list that is read, in bytes as RFC 9113 counts them.
pub(crate) const HEADER_LIST: u32 = 64 * 1024;

/// What is kept for one stream that waits to be sent, in bytes.
const SEND_BUFFER: usize = 256 * 1024;

/// How long a stream that was reset is remembered.
pub(crate) const RESET_MEMORY: Duration = Duration::from_secs(10);

/// Requests that may be cancelled before the server has looked at them (the library's default
/// of 20 ends the connection while the server is busy).
const RESETS_BEFORE_ACCEPT: usize = 1024;

/// The longest handshake of HTTP/2, preface and settings included.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long streams may take to finish after a connection was asked to stop.
pub const GRACE: Duration = Duration::from_secs(10);

impl Limits {
    /// The tunnel of a linked agent.
    pub const TUNNEL: Self = Self {
        streams: 256,
        reserved: 16,
        stream_window: 256 * 1024,
        slot_wait: Duration::from_secs(10),
        remembered_resets: 16_384,
        mistakes: None,
    };

    /// The second connection of a linked agent, for what is large. Windows of 256 KiB would allow
    /// 21 Mbit/s at most where an answer takes 100 ms.
    pub const BULK: Self = Self {
        streams: 64,
        reserved: 0,
        stream_window: 1024 * 1024,
        slot_wait: Duration::from_secs(10),
        remembered_resets: 16_384,
        mistakes: None,
    };

    /// The connection of a key that isn't linked yet: a few small questions.
    pub const LINK: Self = Self {
        streams: 4,
        reserved: 0,
        stream_window: 64 * 1024,
        slot_wait: Duration::from_secs(2),
        remembered_resets: 64,
        mistakes: Some(64),
    };

    /// Unread bytes count against the connection's window too. Large enough for all streams at
    /// once, it is never what a stalled reader exhausts.
    const fn connection_window(&self) -> u32 {
        self.streams.saturating_mul(self.stream_window)
    }

    pub(crate) fn client(&self) -> client::Builder {
        let mut builder = client::Builder::new();
        builder
            .enable_push(false)
            .max_concurrent_streams(0)
            .initial_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window())
            .max_frame_size(FRAME)
            .max_header_list_size(HEADER_LIST)
            .max_send_buffer_size(SEND_BUFFER)
            .max_concurrent_reset_streams(self.remembered_resets)
            .reset_stream_duration(RESET_MEMORY)
            .max_local_error_reset_streams(self.mistakes);
        builder
    }

    pub(crate) fn server(&self) -> server::Builder {
        let mut builder = server::Builder::new();
        builder
            .enable_connect_protocol()
            .max_concurrent_streams(self.streams)
            .initial_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window())
            .max_frame_size(FRAME)
            .max_header_list_size(HEADER_LIST)
            .max_send_buffer_size(SEND_BUFFER)
            .max_concurrent_reset_streams(self.remembered_resets)
            .reset_stream_duration(RESET_MEMORY)
            .max_local_error_reset_streams(self.mistakes)
            .max_pending_accept_reset_streams(RESETS_BEFORE_ACCEPT);
        builder
    }
}
