//! The second connection between agent and hub, for what is large. The hub asks for it over the
//! first one and names a token, which the agent shows when the hub asks on the second: so both end
//! at the same program, and a copied key alone gets nothing that was meant for another.

/// Where the hub asks for the second connection (`POST` on the first, with a token) and for the
/// token (`GET` on the second). Tokens are base64url, as text.
pub const BULK_PATH: &str = "/v1/bulk";

/// Bodies longer than this, in bytes, or of unknown length, belong on the second connection.
pub const LARGE: u64 = 64 * 1024;
