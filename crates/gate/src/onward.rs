//! From the gate to the printer: the headers that say who is asking are written anew, what opened
//! the gate is taken out, and everything is streamed.

use std::{net::IpAddr, sync::Arc, time::Duration};

use backplane::Asker;
use forward::{Body, Progress, address::shown_to_printers, headers, websocket};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::HOST, request::Parts};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

use crate::{
    answer::{Refusal, clean},
    basic::{self, Pair},
    door::{Visit, lasting},
    gate::Shared,
    pass::Pass,
    rulebook::{Rulebook, Server},
    same_password,
};

/// How long a browser's connection may take to become a WebSocket.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a request that was let in, and answers with what the printer says.
pub(crate) async fn send(
    shared: &Shared,
    book: &Arc<Rulebook>,
    server: &Server,
    visit: Visit,
    body: Body,
) -> Result<Response<Body>, Refusal> {
    let Visit { mut parts, handshake, asked, mut pass } = visit;
    let target = parts.uri.path_and_query().ok_or(Refusal::WentWrong)?;
    parts.uri = server.target(target)?;
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    rewrite(&mut parts, &asked.authority(), client(book, &pass), book.config.pass_credentials)?;
    let Some(handshake) = handshake else {
        let (pair, body) = sign_in(shared, &parts, body).await?;
        let progress = Progress::new(shared.patience.standstill);
        let request = Request::from_parts(parts, progress.of(body).boxed_unsync());
        let answer = tokio::select! {
            answer = exchange(server, request, &mut pass) => answer?,
            () = progress.stopped() => return Err(Refusal::StoodStill),
        };
        if let Some(pair) = pair.filter(|_| same_password::was_right(answer.status())) {
            tokio::spawn(compare(shared.clone(), Arc::clone(book), pass.visitor.address, pair));
        }
        let stalled = async move { progress.upload_stopped().await };
        return Ok(lasting(answer, pass, stalled));
    };
    let upgrade = upgrade.ok_or(Refusal::WentWrong)?;
    let (to_printer, from_visitor) = forward::channel();
    let request = Request::from_parts(handshake.to_tunnel(parts), from_visitor);
    let answer = exchange(server, request, &mut pass).await?;
    if answer.status() != StatusCode::OK {
        to_printer.finish();
        return Ok(lasting(answer, pass, std::future::pending()));
    }
    let (head, from_printer) = answer.into_parts();
    let accepted = handshake.accept(&Response::from_parts(head, ()));
    tokio::spawn(carry(upgrade, from_printer, to_printer, pass));
    Ok(accepted)
}

/// Waits for the head of the answer, or until the rules would no longer let the request in.
async fn exchange(
    server: &Server,
    request: Request<Body>,
    pass: &mut Pass,
) -> Result<Response<Body>, Refusal> {
    let answer = tokio::select! {
        answer = server.origin.send(request) => answer,
        () = pass.ended() => return Err(Refusal::Denied),
    };
    let mut answer = answer?;
    clean(answer.headers_mut());
    Ok(answer)
}

/// What the printer hears of the visitor's address. One who had to show a password isn't at home,
/// whatever the address looks like; nor is one whose address the rules don't name, and who came in
/// where everybody may.
fn client(book: &Rulebook, pass: &Pass) -> IpAddr {
    if book.names_network_of(pass.visitor.address, pass.visitor.doubt()) && !pass.is_proven() {
        pass.visitor.address
    } else {
        shown_to_printers(pass.visitor.address)
    }
}

/// Makes the request what the printer would have received, had the visitor asked it directly.
fn rewrite(
    parts: &mut Parts,
    host: &str,
    client: IpAddr,
    pass_credentials: bool,
) -> Result<(), Refusal> {
    let fields = &mut parts.headers;
    // The printer needs its own kind of handshake; `to_tunnel` keeps what matters.
    headers::strip_forwarding(fields);
    if !pass_credentials {
        basic::remove(fields);
    }
    let host = HeaderValue::from_str(host).map_err(|_| Refusal::WentWrong)?;
    let client = HeaderValue::from_str(&client.to_string()).map_err(|_| Refusal::WentWrong)?;
    let https = HeaderValue::from_static("https");
    for (name, value) in [
        (HOST, host.clone()),
        (HeaderName::from_static("x-forwarded-host"), host),
        (HeaderName::from_static("x-forwarded-proto"), https.clone()),
        (HeaderName::from_static("x-scheme"), https),
        (HeaderName::from_static("x-forwarded-for"), client.clone()),
        (HeaderName::from_static("x-real-ip"), client),
    ] {
        fields.insert(name, value);
    }
    Ok(headers::check_size(fields)?)
}

/// Looks at a body that may be a sign-in at the printer.
async fn sign_in(
    shared: &Shared,
    parts: &Parts,
    body: Body,
) -> Result<(Option<Pair>, Body), Refusal> {
    if !same_password::may_be_sign_in(parts) {
        return Ok((None, body));
    }
    let looked = timeout(shared.patience.sign_in, same_password::look(body)).await;
    looked.map_err(|_| Refusal::TooSlow)?.map_err(|_| Refusal::BrokeOff)
}

/// Warns when the pair that the printer took opens the gate, too.
async fn compare(shared: Shared, book: Arc<Rulebook>, client: IpAddr, pair: Pair) {
    let verifiers = book.config.lists.values().filter_map(|list| list.0.get(&pair.user));
    for user in verifiers {
        let asker = Asker::stranger(client);
        let same = shared.passwords.compare(&asker, user.password.clone(), pair.password.clone());
        if same.await == Ok(true) {
            tracing::warn!(
                user = pair.user,
                "the same user name and password open this gate and the printer behind it; \
                 whoever learns them has both: change one of the two"
            );
            return;
        }
    }
}

/// Carries bytes until one side closes, or until the rules would no longer let them through.
async fn carry(
    upgrade: OnUpgrade,
    from_printer: Body,
    to_printer: forward::BodySender,
    mut pass: Pass,
) {
    let Ok(Ok(upgraded)) = timeout(PATIENCE, upgrade).await else { return };
    tokio::select! {
        end = websocket::splice(upgraded, from_printer, to_printer) => {
            if let Err(error) = end {
                tracing::debug!(%error, "a WebSocket broke off");
            }
        }
        () = pass.ended() => tracing::debug!("a WebSocket ended with the rules that let it in"),
    }
}
