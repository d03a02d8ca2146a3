//! A printer's answer as the visitor gets it, or the agent's word that there is none.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use printer::{Level, Lock};
use store::Printer;

use super::{path::LocalPath, request::remove_ours};
use crate::pages::Notice;

/// In which the agent says why the printer didn't answer. It removes what a printer writes there.
const AGENT_ERROR: &str = "layerlock-agent-error";

/// What every page of a printer gets, instead of what the printer says itself.
const OURS: [(HeaderName, HeaderValue); 2] = [
    // A printer's page must not ask for a passkey (AC-5): the browser would offer the hub's. Beside
    // a field of the printer's that browsers can't parse, ours would count for nothing.
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("publickey-credentials-get=(), publickey-credentials-create=()"),
    ),
    // Nobody who opens this page in a window may hold on to that window, or be held on to.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin-allow-popups"),
    ),
];

/// The older form of a permissions policy.
const FEATURE_POLICY: HeaderName = HeaderName::from_static("feature-policy");

/// Added to the printer's own policies: of several, each one holds. Only browsers that don't
/// describe their requests (RL-3) get as far as this.
const NO_FOREIGN_FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// What goes on for as long as somebody looks: pictures of a camera, and events.
const WITHOUT_END: [&str; 2] = ["multipart/x-mixed-replace", "text/event-stream"];

/// Whether nobody can wait for the end of this answer.
pub(super) fn has_no_end(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    WITHOUT_END.contains(&kind.as_str())
}

/// Removes what a printer may not tell a visitor's browser.
pub(super) fn clean(headers: &mut HeaderMap) {
    remove_ours(headers);
    forward::headers::strip_hop_by_hop(headers);
    forward::headers::sanitise_printer_answer(headers);
    headers.remove(FEATURE_POLICY);
    for (name, value) in OURS {
        headers.insert(name, value);
    }
    headers.append(CONTENT_SECURITY_POLICY, NO_FOREIGN_FRAMES);
}

/// What the agent says instead of an answer of the printer to a visitor who `wanted` a page.
pub(super) fn agents_word(
    headers: &HeaderMap,
    printer: &Printer,
    wanted: Option<&LocalPath>,
) -> Option<Notice> {
    let code = headers.get(AGENT_ERROR)?.to_str().unwrap_or_default();
    Some(match code {
        "printer-offline" => Notice::printer_offline(printer.name.as_str()),
        "printer-timeout" => {
            Notice::printer_failed("printer-timeout", "The printer took too long to answer.")
        }
        "unknown-printer" => Notice::no_such_printer(),
        "printer-open" => Notice::closed("printer-open", Lock::Open),
        "printer-unchecked" => Notice::closed("printer-unchecked", Lock::Unknown),
        "pin-needed" => Notice::pin_needed(printer.name.as_str(), wanted),
        "not-allowed" => Notice::takes_more(needed_level(headers)),
        "too-old" | "replayed" => Notice::not_carried_out(),
        "agent-busy" => Notice::busy(),
        "bad-request" => Notice::bad_request("bad-request", "This request can't be forwarded."),
        _ => {
            tracing::warn!(code, "an agent has no answer");
            let detail = "The printer broke off before it had answered.";
            Notice::printer_failed("printer-failed", detail)
        }
    })
}

/// Which level would have been enough.
fn needed_level(headers: &HeaderMap) -> Level {
    let said = headers.get(wire::NEEDED_HEADER).and_then(|level| level.to_str().ok());
    said.and_then(|level| level.parse().ok()).unwrap_or(Level::Controls)
}
