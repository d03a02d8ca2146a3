//! A browser: cookies by host, the headers that describe a request, and the one script of ours.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use axum::body::Body;
use edge::Connection;
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE},
    request::Builder,
};
use http_body_util::BodyExt;
use hub::Hub;
use printer::SessionId;
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Browser {
    hub: Hub,
    /// By host, then by name.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) session: Option<SessionId>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The fragment with which the dashboard sends a browser to a printer's origin.
pub(crate) struct Fragment {
    pub(crate) ticket: String,
    pub(crate) next: String,
}

impl Browser {
    pub(crate) fn new(hub: Hub) -> Self {
        Self { hub, cookies: BTreeMap::new(), session: None }
    }

    pub(crate) fn keep(&mut self, host: &str, name: &str, value: &str) {
        let jar = self.cookies.entry(host.to_owned()).or_default();
        jar.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies.get(host)?.get(name).map(String::as_str)
    }

    /// A request with this browser's cookies.
    pub(crate) fn request(&self, method: Method, host: &str, path: &str) -> Builder {
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        if let Some(jar) = self.cookies.get(host).filter(|jar| !jar.is_empty()) {
            let cookies: Vec<_> =
                jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        request
    }

    /// A request of the page at this host itself.
    pub(crate) fn own(&self, method: Method, host: &str, path: &str) -> Builder {
        self.request(method, host, path)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", "empty")
            .header(ORIGIN, format!("https://{host}"))
    }

    /// A person goes there.
    pub(crate) fn navigation(&self, host: &str, path: &str) -> Builder {
        self.request(Method::GET, host, path)
            .header(ACCEPT, "text/html,*/*;q=0.8")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
    }

    pub(crate) async fn open(&mut self, request: Request<Body>) -> Response<Body> {
        let host = request.headers().get(HOST).map(|host| host.to_str().unwrap().to_owned());
        let answer = Box::pin(self.hub.answer(connected(request))).await;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            self.take(host.as_deref().unwrap(), cookie.to_str().unwrap());
        }
        answer
    }

    fn take(&mut self, host: &str, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.contains("Max-Age=0") {
            self.cookies.entry(host.to_owned()).or_default().remove(name);
        } else {
            self.keep(host, name, value);
        }
    }

    pub(crate) async fn send(&mut self, request: Builder, body: impl Into<Body>) -> Answer {
        let answer = self.open(request.body(body.into()).unwrap()).await;
        Answer::read(answer).await
    }

    pub(crate) async fn go(&mut self, host: &str, path: &str) -> Answer {
        self.send(self.navigation(host, path), Body::empty()).await
    }

    /// Goes to a printer's page by way of the dashboard.
    pub(crate) async fn enter(&mut self, label: &str, path: &str) -> Answer {
        let host = format!("{label}.localhost:3443");
        let fragment = self.fetch_ticket(label, path).await;
        let redeemed = self.redeem(&host, &fragment).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.body);
        let next = redeemed.json()["next"].as_str().unwrap().to_owned();
        self.go(&host, &next).await
    }

    /// The first half: up to the fragment on the printer's origin.
    pub(crate) async fn fetch_ticket(&mut self, label: &str, path: &str) -> Fragment {
        let host = format!("{label}.localhost:3443");
        let bounced = self.go(&host, path).await;
        let open =
            bounced.location().strip_prefix("https://layerlock.localhost:3443").unwrap().to_owned();
        let opened = self.go("layerlock.localhost:3443", &open).await;
        opened.fragment(&host)
    }

    /// What our script does on the printer's origin.
    pub(crate) async fn redeem(&mut self, host: &str, fragment: &Fragment) -> Answer {
        let body = json!({ "ticket": fragment.ticket, "next": fragment.next });
        let request = self.own(Method::POST, host, "/.layerlock/redeem");
        self.send(request.header(CONTENT_TYPE, "application/json"), body.to_string()).await
    }
}

impl Answer {
    pub(crate) async fn read(answer: Response<Body>) -> Self {
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(LOCATION);
        location.unwrap_or_else(|| panic!("{}: {}", self.status, self.body)).to_str().unwrap()
    }

    pub(crate) fn fragment(&self, host: &str) -> Fragment {
        let start = format!("https://{host}/.layerlock/enter#");
        let fragment = self.location().strip_prefix(&start).expect("an entrance");
        let value = |name: &str| {
            let pair = fragment.split('&').find_map(|pair| pair.strip_prefix(name));
            let value = pair.unwrap().strip_prefix('=').unwrap();
            percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
        };
        Fragment { ticket: value("ticket"), next: value("next") }
    }
}

/// A request as the edge hands it over, at the port that it asked for.
pub(crate) fn connected<B>(mut request: Request<B>) -> Request<B> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let port = host.and_then(|host| host.rsplit_once(':')?.1.parse().ok()).unwrap_or(3443);
    let client = IpAddr::from([203, 0, 113, 7]);
    request.extensions_mut().insert(Connection {
        client,
        peer: SocketAddr::new(client, 50_000),
        local: SocketAddr::from(([192, 168, 1, 5], port)),
        secure: true,
        unlisted_proxy: false,
        untrusted_claim: false,
    });
    request
}
