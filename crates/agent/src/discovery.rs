//! Finding an OctoPrint on this machine. It needs no login for that: its sign-in page is public
//! and says what it is, and so does the page that it shows while it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use forward::{Body, Origin};
use http::{HeaderValue, Request, Uri, header::HOST};
use tokio::time::timeout;

use crate::{BaseUrl, address::is_at_home};

/// Where an OctoPrint on this machine usually is: by itself, or behind OctoPi's haproxy.
pub const OCTOPRINT_CANDIDATES: [SocketAddr; 2] = [
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5000),
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 80),
];

/// How long one candidate may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of its page is read, in bytes.
const MAX_PAGE: usize = 256 * 1024;

/// The first of these addresses at which an OctoPrint answers. Takes 2 s for each at most.
pub async fn find_octoprint(candidates: &[SocketAddr]) -> Option<BaseUrl> {
    for candidate in candidates.iter().filter(|candidate| is_at_home(candidate.ip())) {
        let page = timeout(PATIENCE, sign_in_page(*candidate)).await.ok().flatten();
        if page.is_some_and(|page| is_octoprint(&page)) {
            return format!("http://{candidate}/").parse().ok();
        }
    }
    None
}

async fn sign_in_page(address: SocketAddr) -> Option<String> {
    let mut question = Request::<Body>::new(forward::empty());
    *question.uri_mut() = Uri::from_static("/login/");
    let host = HeaderValue::from_str(&address.to_string()).ok()?;
    question.headers_mut().insert(HOST, host);
    let answer = Origin::new(address).send(question).await.ok()?;
    let page = forward::collect(answer.into_body(), MAX_PAGE).await.ok()?;
    Some(String::from_utf8_lossy(&page).into_owned())
}

/// Its name alone proves little (a page about OctoPrint has it too), so the page must also ask
/// for OctoPrint's own picture, or be the one that is shown while it starts.
fn is_octoprint(page: &str) -> bool {
    let sign_in = page.contains("OctoPrint") && page.contains("/static/img/tentacle");
    sign_in || page.contains("<title>OctoPrint is still starting</title>")
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn server(page: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{page}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn octoprint_is_found_among_others() {
        let router = server("<title>Router</title> not OctoPrint").await;
        let octoprint =
            server("<title>OctoPrint Login</title><link href=\"/static/img/tentacle-32x32.png\">")
                .await;
        let found = find_octoprint(&[router, octoprint]).await.unwrap();
        assert_eq!(found.to_string(), format!("http://{octoprint}/"));
        assert_eq!(find_octoprint(&[router]).await, None);
        let starting = server("<title>OctoPrint is still starting</title>").await;
        assert!(find_octoprint(&[starting]).await.is_some());
    }

    // covers: RL-8
    #[tokio::test]
    async fn no_candidate_outside_is_ever_asked() {
        assert_eq!(find_octoprint(&[SocketAddr::from(([192, 0, 2, 1], 80))]).await, None);
    }
}
