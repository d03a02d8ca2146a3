//! Every honest refusal on a printer's origin, in words for people and a code for programs.

use super::{Asker, page::protect};
use crate::{problem::ApiError, relay::LocalPath};
use axum::body::Body;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use printer::Lock;

/// Why there is no answer of the printer.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    /// When trying again makes sense, in seconds. A page does so by itself.
    retry: Option<u32>,
    way: Option<Way>,
}

/// Where a person goes from a notice.
#[derive(Debug, Clone)]
enum Way {
    /// Where they may go instead, and what it is called.
    Link(String, &'static str),
    /// Where they are sent at once, on the same origin.
    Onward(String),
}

impl Notice {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: String) -> Self {
        Self { status, code, title, detail, retry: None, way: None }
    }

    /// The agent is there, the printer doesn't answer it.
    pub(crate) fn printer_offline(name: &str) -> Self {
        let detail = format!(
            "{name} doesn't answer. Is it switched on and connected? This page tries again by itself."
        );
        Self::new(StatusCode::BAD_GATEWAY, "printer-offline", "The printer is offline", detail)
            .retry(5)
    }

    /// The agent has no tunnel to this hub.
    pub(crate) fn agent_offline(name: &str, last_seen: Option<&str>) -> Self {
        let seen =
            last_seen.map_or_else(|| "never seen".to_owned(), |ago| format!("last seen {ago}"));
        let detail = format!(
            "The agent beside {name} isn't connected ({seen}). This page tries again by itself."
        );
        Self::new(StatusCode::BAD_GATEWAY, "agent-offline", "The agent is offline", detail).retry(5)
    }

    /// The printer took too long, or broke off.
    pub(crate) fn printer_failed(code: &'static str, detail: &str) -> Self {
        let status = match code {
            "printer-timeout" => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, code, "The printer didn't answer", detail.to_owned())
    }

    /// A level below the printer's own web UI.
    pub(crate) fn not_allowed(needed: printer::Level) -> Self {
        let detail = format!(
            "This printer's own pages need the level \"{needed}\". Ask its owner to grant it to you."
        );
        Self::new(StatusCode::FORBIDDEN, "not-allowed", "You may not open this printer", detail)
    }

    /// A request to a printer that takes more than this person's level.
    pub(crate) fn takes_more(needed: printer::Level) -> Self {
        let detail = format!(
            "This request to the printer takes the level \"{needed}\", and yours is lower. Ask the \
             printer's owner to grant it to you."
        );
        Self::new(StatusCode::FORBIDDEN, "not-allowed", "Your level doesn't allow this", detail)
    }

    /// A printer without a login (RL-9), or one of which nobody knows.
    pub(crate) fn closed(code: &'static str, lock: Lock) -> Self {
        let why = lock.why_closed().unwrap_or("This printer is closed.");
        let detail = format!("{why} {}", Lock::REMEDY);
        Self::new(StatusCode::FORBIDDEN, code, "This printer is closed", detail)
    }

    /// The agent asks for a PIN first. A person who wanted a page is sent to where it asks.
    pub(crate) fn pin_needed(name: &str, wanted: Option<&LocalPath>) -> Self {
        let detail =
            format!("The agent beside {name} asks for a PIN first, at {}.", wire::PIN_PATH);
        let mut notice = Self::new(StatusCode::FORBIDDEN, "pin-needed", "PIN needed", detail);
        let page = |path: &LocalPath| format!("{}?next={}", wire::PIN_PATH, path.encoded());
        notice.way = wanted.map(|path| Way::Onward(page(path)));
        notice
    }

    /// No printer, or none that this person may know of.
    pub(crate) fn no_such_printer() -> Self {
        let detail = "There is no printer at this address, or it isn't shared with you.";
        Self::new(StatusCode::NOT_FOUND, "no-such-printer", "No such printer", detail.to_owned())
    }

    /// No session, and no way to ask for one in between.
    pub(crate) fn signed_out() -> Self {
        let detail = "You are signed out. Load the page again to sign in.";
        Self::new(StatusCode::UNAUTHORIZED, "signed-out", "Signed out", detail.to_owned())
    }

    /// A request that is refused whoever made it.
    pub(crate) fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "This request was refused", detail.into())
    }

    /// A request that was held up on its way to the printer (HZ-6).
    pub(crate) fn not_carried_out() -> Self {
        let detail = "The connection was interrupted and this request came too late to the \
                      printer's agent. It was not carried out. Look at the printer and try again.";
        Self::new(StatusCode::CONFLICT, "too-old", "Not carried out", detail.to_owned())
    }

    /// A request that makes no sense.
    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "This request can't be used", detail.into())
    }

    /// A name that isn't the hub's.
    pub(crate) fn unknown_host() -> Self {
        let detail = "This hub doesn't go by that name. Use an address that it printed when it \
                      started, or add the name to its configuration.";
        let status = StatusCode::MISDIRECTED_REQUEST;
        Self::new(status, "unknown-host", "Wrong address", detail.to_owned())
    }

    /// A name that the dashboard shares with every other program of a machine.
    pub(crate) fn shared_name(home: &str) -> Self {
        let detail = format!(
            "Every program of this machine answers to this name and could get your sign-in, so the \
             dashboard has one of its own: use {home}"
        );
        let status = StatusCode::MISDIRECTED_REQUEST;
        Self::new(status, "shared-name", "Wrong address", detail)
    }

    /// Nothing at this reserved path.
    pub(crate) fn nothing_here() -> Self {
        let detail = "There is nothing at this address.".to_owned();
        Self::new(StatusCode::NOT_FOUND, "not-found", "Nothing here", detail)
    }

    /// This person uses every stream that one person may use.
    pub(crate) fn too_many_streams() -> Self {
        let detail = "You have too many pages or streams of this agent open. Close some of them.";
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self::new(status, "too-many-streams", "Too many open streams", detail.to_owned()).retry(5)
    }

    /// The tunnel is full.
    pub(crate) fn busy() -> Self {
        let detail = "The connection to the agent is busy. Try again in a moment.".to_owned();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "agent-busy", "Busy", detail).retry(3)
    }

    /// The store is silent, so nobody's rights are known.
    pub(crate) fn store_silent() -> Self {
        let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "The hub can't check your rights");
        Self::new(status, "store-silent", title, ApiError::STORE_SILENT.to_owned()).retry(5)
    }

    /// Our own fault; the log has the details.
    pub(crate) fn went_wrong() -> Self {
        let detail = "Something went wrong in the hub. Its log says more under the request's id.";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "internal", "Something went wrong", detail.to_owned())
    }

    /// The same, with the cause in the log.
    pub(crate) fn internal(cause: impl std::fmt::Debug) -> Self {
        tracing::error!(?cause, "a visit to a printer failed");
        Self::went_wrong()
    }

    /// A dashboard from which printers have no names of their own.
    pub(crate) fn no_origin(why: &str) -> Self {
        let status = StatusCode::CONFLICT;
        Self::new(status, "no-origin", "Not from this address", why.to_owned())
    }

    /// Adds the way back to the dashboard.
    pub(crate) fn with_dashboard(mut self, url: &str) -> Self {
        self.way.get_or_insert_with(|| Way::Link(url.to_owned(), "To the dashboard"));
        self
    }

    const fn retry(mut self, seconds: u32) -> Self {
        self.retry = Some(seconds);
        self
    }

    /// The answer in the form that the asker reads.
    pub(crate) fn answer(&self, asker: &Asker) -> Response<Body> {
        let mut answer = match &self.way {
            Some(Way::Onward(onward)) if asker.person => onward_to(onward),
            _ if asker.person => self.page(asker),
            _ => self.problem(asker),
        };
        let headers = answer.headers_mut();
        if let Some(seconds) = self.retry {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        protect(headers);
        answer
    }

    fn page(&self, asker: &Asker) -> Response<Body> {
        let mut answer = Response::new(Body::from(self.html(asker.request_id.as_deref())));
        *answer.status_mut() = self.status;
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        answer.headers_mut().insert(CONTENT_TYPE, html);
        answer
    }

    fn problem(&self, asker: &Asker) -> Response<Body> {
        ApiError::new(self.status, self.code, &*self.detail).respond(asker.request_id.clone())
    }

    fn html(&self, request_id: Option<&str>) -> String {
        let refresh =
            self.retry.map(|s| format!("<meta http-equiv=\"refresh\" content=\"{s}\" />"));
        let link = match &self.way {
            Some(Way::Link(url, text)) => format!("<p><a href=\"{}\">{text}</a></p>", escape(url)),
            _ => String::new(),
        };
        include_str!("notice.html")
            .replace("{{refresh}}", &refresh.unwrap_or_default())
            .replace("{{link}}", &link)
            .replace("{{title}}", &escape(self.title))
            .replace("{{request_id}}", &escape(request_id.unwrap_or("unknown")))
            .replace("{{detail}}", &escape(&self.detail))
    }
}

impl From<store::Error> for Notice {
    fn from(error: store::Error) -> Self {
        Self::internal(error)
    }
}

fn onward_to(location: &str) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer.headers_mut().extend(HeaderValue::try_from(location).ok().map(|to| (LOCATION, to)));
    answer
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn text(notice: Notice, person: bool) -> String {
        let asker = Asker { person, request_id: Some("r-1".to_owned()) };
        let body = notice.answer(&asker).into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_person_gets_a_page_with_the_request_id() {
        let page = text(Notice::agent_offline("Prusa", Some("5 minutes ago")), true).await;
        assert!(page.contains("last seen 5 minutes ago") && page.contains("Request r-1"));
        assert!(page.contains("http-equiv=\"refresh\"") && !page.contains("{{"));
    }

    #[tokio::test]
    async fn a_program_gets_a_problem() {
        let problem = text(Notice::signed_out(), false).await;
        let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
        assert_eq!(problem["status"], 401);
        assert_eq!(problem["code"], "signed-out");
        assert_eq!(problem["request_id"], "r-1");
    }

    #[tokio::test]
    async fn printer_name_with_markup() {
        let page = text(Notice::printer_offline("<script>alert(1)</script>{{link}}"), true).await;
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    }

    // covers: RL-9
    #[tokio::test]
    async fn a_closed_printer_says_why_and_what_to_do() {
        let page = text(Notice::closed("printer-open", Lock::Open), true).await;
        assert!(page.contains("without a login") && page.contains("layerlock agent pin"), "{page}");
        let wanted = LocalPath::parse("/a?b=1");
        let person = Asker { person: true, request_id: None };
        let sent = Notice::pin_needed("Voron", wanted.as_ref()).answer(&person);
        assert_eq!(sent.status(), 303);
        assert_eq!(sent.headers()[LOCATION], "/.layerlock/pin?next=%2Fa%3Fb%3D1");
        let told = text(Notice::pin_needed("Voron", wanted.as_ref()), false).await;
        assert!(told.contains("pin-needed"), "{told}");
    }

    #[tokio::test]
    async fn only_what_may_pass_is_tried_again() {
        let page = text(Notice::not_allowed(printer::Level::Controls), true).await;
        assert!(!page.contains("refresh") && page.contains("controls"));
    }
}
