//! A printer's own origin, as a browser gets there: no session, so to the hub and back with a
//! ticket in the fragment, which the page there redeems.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use http::{HeaderValue, Method, header::LOCATION};
use reqwest::{RequestBuilder, Response, Url, cookie::CookieStore};
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

use super::{Answer, Client, Protocol};

/// More hops than this are a circle.
const MOST_HOPS: usize = 10;

/// A WebSocket to a printer.
pub type WebSocket = WebSocketStream<TlsStream<TcpStream>>;

/// One printer's origin, with the session of the person who opened it.
pub struct PrinterOrigin<'a> {
    client: &'a Client,
    origin: String,
}

impl<'a> PrinterOrigin<'a> {
    /// Follows `url` until a ticket arrives, and redeems it.
    pub(super) async fn enter(client: &'a Client, url: &str) -> Result<Self> {
        let mut url = Url::parse(url)?;
        for _ in 0..MOST_HOPS {
            let answer = navigate(client, url.clone()).send().await?;
            let next = url.join(&location(&answer)?)?;
            let given = fields(&next);
            url = next;
            if let Some(ticket) = given.get("ticket") {
                let origin = url.origin().ascii_serialization();
                let next = given.get("next").map_or("/", String::as_str);
                return redeem(Self { client, origin }, ticket, next).await;
            }
        }
        bail!("no ticket after {MOST_HOPS} redirects")
    }

    /// `https://LABEL.localhost:PORT`
    pub fn url(&self) -> &str {
        &self.origin
    }

    /// A request as the printer's own page makes it; may be changed before it is sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let unsafe_method = method != Method::GET && method != Method::HEAD;
        let request = self.client.http.request(method, format!("{}{path}", self.origin));
        let request = request.header("Sec-Fetch-Site", "same-origin");
        if unsafe_method { request.header("Origin", &self.origin) } else { request }
    }

    /// Reads from the printer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        Answer::read(self.request(Method::GET, path).send().await?).await
    }

    /// What somebody sees who types the address of a page there.
    pub async fn visit(&self, path: &str) -> Result<Answer> {
        let url = Url::parse(&self.origin)?.join(path)?;
        Answer::read(navigate(self.client, url).send().await?).await
    }

    /// Opens a WebSocket as the printer's own page does.
    pub async fn web_socket(&self, path: &str) -> Result<WebSocket> {
        self.web_socket_from(path, &self.origin).await
    }

    /// Opens a WebSocket as a page of `origin` does. The printer's cookies go with it, as a
    /// browser that forgets about `SameSite` would send them.
    pub async fn web_socket_from(&self, path: &str, origin: &str) -> Result<WebSocket> {
        let url = Url::parse(&self.origin)?.join(path)?;
        let mut request = url.as_str().replacen("https:", "wss:", 1).into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("Origin", HeaderValue::from_str(origin)?);
        if let Some(cookies) = self.client.jar.cookies(&url) {
            headers.insert("Cookie", cookies);
        }
        let stream = self.connect(Protocol::Http1).await?;
        Ok(client_async(request, stream).await?.0)
    }

    /// The cookies that the browser has for this origin, as they stand in a request.
    pub fn cookies(&self) -> Result<String> {
        let url = Url::parse(&self.origin)?;
        let cookies = self.client.jar.cookies(&url).context("no cookies")?;
        Ok(cookies.to_str()?.to_owned())
    }

    /// `LABEL.localhost:PORT`
    pub fn host(&self) -> &str {
        self.origin.trim_start_matches("https://")
    }

    /// An encrypted connection on which the test writes what it likes.
    pub async fn connect(&self, protocol: Protocol) -> Result<TlsStream<TcpStream>> {
        let url = Url::parse(&self.origin)?;
        let name = url.host_str().context("no host")?.to_owned();
        let port = url.port_or_known_default().context("no port")?;
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut tls = self.client.tls.clone();
        tls.alpn_protocols = vec![protocol.alpn()];
        let connector = TlsConnector::from(std::sync::Arc::new(tls));
        Ok(connector.connect(ServerName::try_from(name)?, stream).await?)
    }
}

fn navigate(client: &Client, url: Url) -> RequestBuilder {
    client
        .http
        .get(url)
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Sec-Fetch-Dest", "document")
        .header("Accept", "text/html")
}

fn location(answer: &Response) -> Result<String> {
    let location = answer.headers().get(LOCATION);
    let location = location.with_context(|| format!("no redirect but {}", answer.status()))?;
    Ok(location.to_str()?.to_owned())
}

/// The fields of a fragment, which are written like those of a query.
fn fields(url: &Url) -> HashMap<String, String> {
    let mut url = url.clone();
    let fragment = url.fragment().map(str::to_owned);
    url.set_query(fragment.as_deref());
    url.query_pairs().into_owned().collect()
}

async fn redeem<'a>(
    printer: PrinterOrigin<'a>,
    ticket: &str,
    next: &str,
) -> Result<PrinterOrigin<'a>> {
    let request = printer.request(Method::POST, "/.layerlock/redeem");
    let body = json!({"ticket": ticket, "next": next}).to_string();
    let request = request.header("Content-Type", "application/json").body(body);
    let answer = Answer::read(request.send().await?).await?;
    ensure!(answer.status == 200, "the ticket was refused: {answer:?}");
    Ok(printer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_from_the_fragment() {
        let url = "https://a.localhost:1/.layerlock/enter#ticket=Ab_-&next=%2Fa%3Fb%3D1";
        let fields = fields(&Url::parse(url).unwrap());
        assert_eq!(fields["ticket"], "Ab_-");
        assert_eq!(fields["next"], "/a?b=1");
    }
}
