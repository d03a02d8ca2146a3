//! The PIN that an agent asks for in front of a printer without a login (RL-9). The agent asks on
//! a page of its own, on the printer's origin; what remembers in the browser that somebody knew
//! the PIN is a cookie whose name only the hub gives, so that no printer can read or set it.

/// Where on a printer's origin the agent asks. No request for it ever reaches a printer.
pub const PIN_PATH: &str = "/.layerlock/pin";

/// The header with the agent's token for a browser that knew the PIN: from the hub, what the
/// browser shows; from the agent, what the browser is to keep. The token is base64url.
pub const PIN_HEADER: &str = "layerlock-pin";
