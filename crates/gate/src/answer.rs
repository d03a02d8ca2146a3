//! What the gate says itself, in plain text, and what it takes out of a printer's answers.

use edge::same_origin;
use forward::{BadRequest, Body};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, SERVER,
        WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::{passwords::NotChecked, rules::Realm};

/// Added to the printer's own policies: of several, each one holds.
const NO_FOREIGN_FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// By this `layerlock audit` knows a gate from other doors with a password.
const GATE: HeaderValue = HeaderValue::from_static("layerlock-gate");

/// Why a request doesn't reach the printer, or its answer not the visitor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// Two programs could read it differently.
    #[error("This request can't be forwarded: {0}.")]
    BadRequest(#[from] BadRequest),
    /// Two programs could believe two different proofs.
    #[error("This request has more than one Authorization.")]
    Ambiguous,
    /// Somebody else's name leads here.
    #[error(
        "This gate has no such name. Use one of its addresses, or let its operator add the name."
    )]
    UnknownHost,
    /// A page of another site made it.
    #[error(transparent)]
    OtherSite(#[from] same_origin::Refusal),
    /// A password is needed.
    #[error("A user name and a password are needed from outside the home network.")]
    Ask(Realm),
    /// Nobody may do this, or not from there.
    #[error("The gate's rules don't allow this.")]
    Denied,
    /// Nobody looked at the password.
    #[error(
        "Too many wrong passwords came from your network, or too many are being checked. Try again later."
    )]
    NotChecked(#[from] NotChecked),
    /// The printer has no answer.
    #[error("There is no answer: {0}.")]
    Failed(#[from] forward::Error),
    /// The body ended too early, or is longer than it may be.
    #[error("The request broke off.")]
    BrokeOff,
    /// The body came too slowly.
    #[error("The request came too slowly.")]
    TooSlow,
    /// Neither an upload nor its answer went on.
    #[error(
        "Nothing has moved for more than a minute. The printer may have acted on the request; it \
         is not sent again."
    )]
    StoodStill,
    /// A mistake of ours.
    #[error("The gate made a mistake.")]
    WentWrong,
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_)
            | Self::Ambiguous
            | Self::BrokeOff
            | Self::Failed(forward::Error::BadRequest(_)) => StatusCode::BAD_REQUEST,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::OtherSite(_) | Self::Denied => StatusCode::FORBIDDEN,
            Self::Ask(_) => StatusCode::UNAUTHORIZED,
            Self::NotChecked(NotChecked::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotChecked(NotChecked::Busy(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::StoodStill | Self::Failed(forward::Error::TimedOut) => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::Failed(_) => StatusCode::BAD_GATEWAY,
            Self::WentWrong => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What browsers and programs read besides the sentence.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Ask(realm) => {
                let challenge = format!("Basic realm=\"{realm}\", charset=\"UTF-8\"");
                Some((WWW_AUTHENTICATE, HeaderValue::try_from(challenge).ok()?))
            }
            Self::NotChecked(NotChecked::TooMany(many)) => {
                Some((RETRY_AFTER, HeaderValue::from(many.retry_after.as_secs())))
            }
            Self::NotChecked(NotChecked::Busy(_)) => Some((RETRY_AFTER, HeaderValue::from(2))),
            _ => None,
        }
    }

    /// The sentence, for people and programs.
    pub(crate) fn answer(self) -> Response<Body> {
        tracing::debug!(status = self.status().as_u16(), why = %self, "not forwarded");
        let mut answer = Response::new(forward::full(format!("{self}\n")));
        *answer.status_mut() = self.status();
        let headers = answer.headers_mut();
        headers.extend(self.header());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(SERVER, GATE);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }
}

/// Removes what a printer may not tell a visitor's browser. What concerns its connection only is
/// gone already.
pub(crate) fn clean(headers: &mut HeaderMap) {
    forward::headers::sanitise_printer_answer(headers);
    headers.append(CONTENT_SECURITY_POLICY, NO_FOREIGN_FRAMES);
}
