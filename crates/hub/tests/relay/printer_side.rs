//! The agent's end of a tunnel, and the printer behind it, played by the test.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use credentials::Ticket;
use forward::{Body, BodySender};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use printer::{Kind, OsRandom, PrinterId};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use wire::{Hello, HelloAnswer, PrinterReport, Relayed, Report, Tick};

/// What comes after "first" of the answer at `/large`, in bytes.
pub(crate) const LARGE: usize = 2 << 20;

/// What reached the printer.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether it came over the second connection.
    pub(crate) bulk: bool,
}

/// Among the extensions of requests that come over the second connection.
#[derive(Clone, Copy)]
pub(crate) struct OverBulk;

#[derive(Clone)]
pub(crate) struct PrinterSide(Arc<Inner>);

struct Inner {
    report: Mutex<Report>,
    hellos: Mutex<Vec<Hello>>,
    seen: Mutex<Vec<Seen>>,
    headers: Mutex<HeaderMap>,
    /// Bodies that stay open.
    open: Mutex<Vec<BodySender>>,
    events: Mutex<Option<BodySender>>,
    cancelled: Notify,
    version: Mutex<u16>,
    asked_for: Mutex<Option<PrinterId>>,
    run: Mutex<u64>,
    /// Who hears the tokens of the second connections that the hub asks for.
    dials: Mutex<Option<mpsc::UnboundedSender<String>>>,
    /// Free while this agent answers the hub's greeting.
    greeting: tokio::sync::Mutex<()>,
    /// The answers that wait for the hub's word, by token: what follows, and who is told to go on.
    held: Mutex<HashMap<String, (Body, oneshot::Sender<Body>)>>,
    succeeds: Mutex<Option<u64>>,
    /// Cancelled when its second connection takes nothing new.
    parting: CancellationToken,
}

impl PrinterSide {
    pub(crate) fn new(printers: &[(PrinterId, &str, Kind)]) -> Self {
        let report = |(id, name, kind): &(PrinterId, &str, Kind)| PrinterReport {
            id: *id,
            name: name.parse().unwrap(),
            kind: *kind,
            online: true,
            lock: None,
        };
        let report = Report { printers: printers.iter().map(report).collect(), tick: None };
        Self(Arc::new(Inner {
            report: Mutex::new(report),
            hellos: Mutex::default(),
            seen: Mutex::default(),
            headers: Mutex::default(),
            open: Mutex::default(),
            events: Mutex::default(),
            cancelled: Notify::new(),
            version: Mutex::new(wire::PROTOCOL),
            asked_for: Mutex::default(),
            run: Mutex::new(7),
            dials: Mutex::default(),
            greeting: tokio::sync::Mutex::default(),
            held: Mutex::default(),
            succeeds: Mutex::default(),
            parting: CancellationToken::new(),
        }))
    }

    /// The printer's answers carry these headers from now on.
    pub(crate) fn says(&self, headers: &[(&'static str, &'static str)]) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        *self.0.headers.lock().unwrap() = map;
    }

    /// This is another run of the agent's program.
    pub(crate) fn runs_as(&self, run: u64) {
        *self.0.run.lock().unwrap() = run;
    }

    /// It knows of second connections from now on. Returns the tokens that it is told.
    pub(crate) fn knows_bulk(&self) -> mpsc::UnboundedReceiver<String> {
        let (dials, tokens) = mpsc::unbounded_channel();
        *self.0.dials.lock().unwrap() = Some(dials);
        tokens
    }

    /// The hub's greeting isn't answered while this is held.
    pub(crate) async fn hesitates(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.greeting.lock().await
    }

    /// It was started by that run to take over.
    pub(crate) fn takes_over_from(&self, run: u64) {
        *self.0.succeeds.lock().unwrap() = Some(run);
    }

    pub(crate) fn speaks(&self, version: u16) {
        *self.0.version.lock().unwrap() = version;
    }

    /// Everything that reached the printer since the last [`Self::forget`].
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().unwrap().clone()
    }

    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub(crate) fn forget(&self) {
        self.0.seen.lock().unwrap().clear();
    }

    /// The id of the printer that the last visitor wanted.
    pub(crate) fn asked_for(&self) -> Option<PrinterId> {
        *self.0.asked_for.lock().unwrap()
    }

    pub(crate) fn hellos(&self) -> Vec<Hello> {
        self.0.hellos.lock().unwrap().clone()
    }

    /// Whether the hub has let this agent in.
    pub(crate) fn is_asked_for_reports(&self) -> bool {
        self.0.events.lock().unwrap().is_some()
    }

    /// Sends a line of the agent's reports.
    pub(crate) async fn report(&self, line: &str) {
        let sender = self.0.events.lock().unwrap().take().unwrap();
        let _ = sender.send(format!("{line}\n").into()).await;
        *self.0.events.lock().unwrap() = Some(sender);
    }

    /// The printer says something more in each of the answers that never end.
    pub(crate) async fn goes_on(&self) {
        let open = std::mem::take(&mut *self.0.open.lock().unwrap());
        for stream in &open {
            let _ = stream.send("more".into()).await;
        }
        self.0.open.lock().unwrap().extend(open);
    }

    /// Waits until nobody hears any of the answers that never end.
    pub(crate) async fn all_streams_closed(&self) {
        let open = std::mem::take(&mut *self.0.open.lock().unwrap());
        assert!(!open.is_empty());
        for stream in open {
            stream.closed().await;
        }
    }

    /// How many answers wait for the hub's word.
    pub(crate) fn waiting(&self) -> usize {
        self.0.held.lock().unwrap().len()
    }

    /// Its second connection takes nothing new from now on.
    pub(crate) fn parts(&self) {
        self.0.parting.cancel();
    }

    /// Whether its second connection takes nothing new.
    pub(crate) fn parting(&self) -> CancellationToken {
        self.0.parting.clone()
    }

    /// Waits until the hub has cancelled a stream that the printer had open, or an upload is over.
    pub(crate) async fn cancelled(&self) {
        self.0.cancelled.notified().await;
    }

    pub(crate) async fn answer(&self, request: Request<tunnel::Body>) -> Response<Body> {
        let authority = request.uri().authority().unwrap().as_str().to_owned();
        if let Some(printer) = wire::printer_of_authority(&authority) {
            *self.0.asked_for.lock().unwrap() = Some(printer);
        }
        match (authority.as_str(), request.uri().path()) {
            (wire::AGENT_AUTHORITY, wire::HELLO_PATH) => self.hello(request).await,
            (wire::AGENT_AUTHORITY, wire::EVENTS_PATH) => self.events().await,
            (wire::AGENT_AUTHORITY, wire::BULK_PATH) => self.asked_for_bulk(request).await,
            (wire::AGENT_AUTHORITY, path) if path.starts_with(wire::HELD_PATH) => {
                self.decided(&request)
            }
            _ if wire::printer_of_authority(&authority).is_some() => self.printer(request).await,
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// Says yes if somebody dials.
    async fn asked_for_bulk(&self, request: Request<tunnel::Body>) -> Response<Body> {
        let token = request.into_body().collect().await.unwrap().to_bytes();
        let token = String::from_utf8(token.to_vec()).unwrap();
        let dialled = self.0.dials.lock().unwrap().as_ref().unwrap().send(token);
        status(dialled.map_or(StatusCode::SERVICE_UNAVAILABLE, |()| StatusCode::NO_CONTENT))
    }

    /// Gives a rest away, once, or lets its answer go on.
    fn decided(&self, request: &Request<tunnel::Body>) -> Response<Body> {
        let bulk = request.extensions().get::<OverBulk>().is_some();
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let path = wire::HELD_PATH.to_owned();
        self.note(Seen { method, path, headers, body: Bytes::new(), bulk });
        let token = request.uri().path().strip_prefix(wire::HELD_PATH).unwrap();
        let Some((rest, goes_on)) = self.0.held.lock().unwrap().remove(token) else {
            return status(StatusCode::NOT_FOUND);
        };
        if request.method() == Method::GET {
            return Response::new(rest);
        }
        let _ = goes_on.send(rest);
        status(StatusCode::NO_CONTENT)
    }

    /// An answer of this length that waits behind "first" for the hub's word, if the hub allows
    /// that.
    async fn continued(&self, said: &str, may: bool, rest: Body) -> Response<Body> {
        let (first, body) = forward::channel();
        first.send("first".into()).await.unwrap();
        let mut answer = Response::new(body);
        if !may {
            tokio::spawn(all(rest, first));
            return answer;
        }
        let token = Ticket::new(&OsRandom).encode();
        let (goes_on, word) = oneshot::channel();
        self.0.held.lock().unwrap().insert(token.clone(), (rest, goes_on));
        answer.headers_mut().insert(wire::LARGE_HEADER, said.parse().unwrap());
        answer.headers_mut().insert(wire::REST_HEADER, format!("5 {token}").parse().unwrap());
        let side = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                rest = word => match rest {
                    Ok(rest) => all(rest, first).await,
                    Err(_) => first.finish(),
                },
                () = first.closed() => drop(side.0.held.lock().unwrap().remove(&token)),
            }
        });
        answer
    }

    async fn hello(&self, request: Request<tunnel::Body>) -> Response<Body> {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        self.0.hellos.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let _answered = self.0.greeting.lock().await;
        let protocol = *self.0.version.lock().unwrap();
        let tick = Tick { run: *self.0.run.lock().unwrap(), millis: 1000 };
        let bulk = self.0.dials.lock().unwrap().is_some();
        let succeeds = *self.0.succeeds.lock().unwrap();
        let (version, name) = ("1.2.3".to_owned(), "a".parse().unwrap());
        let answer = HelloAnswer { protocol, version, name, tick, bulk, succeeds };
        Response::new(forward::full(serde_json::to_vec(&answer).unwrap()))
    }

    async fn events(&self) -> Response<Body> {
        let (sender, body) = forward::channel();
        let report = serde_json::to_string(&*self.0.report.lock().unwrap()).unwrap();
        sender.send(format!("{report}\n").into()).await.unwrap();
        *self.0.events.lock().unwrap() = Some(sender);
        Response::new(body)
    }

    async fn printer(&self, request: Request<tunnel::Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let is_socket = parts.method == Method::CONNECT;
        let mut seen = Seen {
            bulk: parts.extensions.get::<OverBulk>().is_some(),
            method: parts.method,
            path: parts.uri.path_and_query().unwrap().to_string(),
            headers: parts.headers,
            body: Bytes::new(),
        };
        let path = seen.path.clone();
        if is_socket {
            self.note(seen);
            let mut answer = socket(&path, body);
            answer.headers_mut().extend(self.0.headers.lock().unwrap().clone());
            return answer;
        }
        if path == "/upload" {
            return self.upload(seen, body).await;
        }
        if path == "/never" {
            self.note(seen);
            let _cancelled = OnDrop(self.clone());
            return std::future::pending().await;
        }
        if path == "/early" {
            self.note(seen);
            tokio::spawn(body.collect());
            return self.stream().await;
        }
        if let Ok(body) = body.collect().await {
            seen.body = body.to_bytes();
        }
        let relayed = Relayed::decode(seen.headers[wire::RELAYED_HEADER].as_bytes()).unwrap();
        self.note(seen);
        match path.as_str() {
            "/camera" => {
                let (sender, rest) = forward::channel();
                self.0.open.lock().unwrap().push(sender);
                self.continued(wire::UNKNOWN_LENGTH, relayed.bulk, rest).await
            }
            "/large" => {
                let rest = forward::full(vec![b'x'; LARGE]);
                self.continued(&(LARGE + 5).to_string(), relayed.bulk, rest).await
            }
            "/too-short" => self.continued("9", relayed.bulk, forward::full("res")).await,
            "/too-long" => self.continued("9", relayed.bulk, forward::full("a rest")).await,
            "/lost" => {
                let answer = self.continued("9", relayed.bulk, forward::full("rest")).await;
                self.0.held.lock().unwrap().clear();
                answer
            }
            "/unnamed" => unnamed(),
            _ => self.page(&path).await,
        }
    }

    /// An upload, which is noted as soon as it has begun.
    async fn upload(&self, seen: Seen, mut body: tunnel::Body) -> Response<Body> {
        let _over = OnDrop(self.clone());
        let first = body.frame().await;
        self.note(seen);
        if first.is_some() {
            while let Some(Ok(_)) = body.frame().await {}
        }
        status(StatusCode::CREATED)
    }

    async fn page(&self, path: &str) -> Response<Body> {
        let mut answer = match path {
            "/stream" => self.stream().await,
            "/agent-error" => {
                let mut answer = status(StatusCode::BAD_GATEWAY);
                let offline = HeaderValue::from_static("printer-offline");
                answer.headers_mut().insert("layerlock-agent-error", offline);
                answer
            }
            _ => Response::new(forward::full("the printer's page")),
        };
        answer.headers_mut().extend(self.0.headers.lock().unwrap().clone());
        answer
    }

    /// An answer that begins and never ends.
    async fn stream(&self) -> Response<Body> {
        let (sender, body) = forward::channel();
        sender.send("first".into()).await.unwrap();
        self.0.open.lock().unwrap().push(sender);
        Response::new(body)
    }

    fn note(&self, seen: Seen) {
        self.0.seen.lock().unwrap().push(seen);
    }
}

struct OnDrop(PrinterSide);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.0.cancelled.notify_one();
    }
}

/// A first part, behind which a rest waits whose token isn't said.
fn unnamed() -> Response<Body> {
    let mut answer = Response::new(forward::full("first"));
    answer.headers_mut().insert(wire::LARGE_HEADER, HeaderValue::from_static(wire::UNKNOWN_LENGTH));
    answer
}

/// Sends all of a body.
async fn all(mut body: Body, to: BodySender) {
    while let Some(Ok(frame)) = body.frame().await {
        if to.send(frame.into_data().unwrap()).await.is_err() {
            return;
        }
    }
    to.finish();
}

/// A WebSocket that says what it hears.
fn socket(path: &str, body: tunnel::Body) -> Response<Body> {
    if path == "/refuses" {
        return status(StatusCode::FORBIDDEN);
    }
    Response::new(body.map_err(Into::into).boxed_unsync())
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(forward::full("no"));
    *answer.status_mut() = status;
    answer
}
