//! A printer's answer as the visitor gets it, or the agent's word that there is none.

use http::{HeaderMap, HeaderName, HeaderValue};
use printer::Level;
use store::Printer;

use super::{cookies, request::remove_ours};
use crate::pages::Notice;

/// In which the agent says why the printer didn't answer. It removes what a printer writes there.
const AGENT_ERROR: &str = "layerlock-agent-error";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A printer's page must not ask for a passkey (AC-5): the browser would offer the hub's. Of two
/// headers the later one holds.
const NO_PASSKEYS: HeaderValue =
    HeaderValue::from_static("publickey-credentials-get=(), publickey-credentials-create=()");

/// Removes what a printer may not tell a visitor's browser.
pub(super) fn clean(headers: &mut HeaderMap) {
    remove_ours(headers);
    forward::headers::strip_hop_by_hop(headers);
    forward::headers::sanitise_printer_answer(headers);
    cookies::filter_printers(headers);
    headers.append(PERMISSIONS_POLICY, NO_PASSKEYS);
}

/// What the agent says instead of an answer of the printer.
pub(super) fn agents_word(headers: &HeaderMap, printer: &Printer) -> Option<Notice> {
    let code = headers.get(AGENT_ERROR)?.to_str().unwrap_or_default();
    Some(match code {
        "printer-offline" => Notice::printer_offline(printer.name.as_str()),
        "printer-timeout" => {
            Notice::printer_failed("printer-timeout", "The printer took too long to answer.")
        }
        "unknown-printer" => Notice::no_such_printer(),
        "not-allowed" => Notice::not_allowed(Level::Controls),
        "bad-request" => Notice::bad_request("bad-request", "This request can't be forwarded."),
        _ => {
            tracing::warn!(code, "an agent has no answer");
            let detail = "The printer broke off before it had answered.";
            Notice::printer_failed("printer-failed", detail)
        }
    })
}
