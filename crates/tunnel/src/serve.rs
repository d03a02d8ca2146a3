//! The end of a connection that answers: the agent's, once it is linked.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use http::{Method, Request, Response, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Body, BoxError, Error, Limits, bounds,
    keep_alive::keep_alive,
    limits::{GRACE, HANDSHAKE},
    pump::pump,
    watched::Watched,
};

/// Answers requests with [`Limits::TUNNEL`], each in a task of its own, until the connection ends
/// (`Ok` if it was ended properly). A cancelled request drops the handler's future and the
/// answer's body. When `shutdown` is cancelled no new request is taken, and those under way have
/// 10 s to finish.
///
/// # Errors
/// The other side doesn't speak HTTP/2, breaks its rules, or goes silent.
pub async fn serve<T, H, Fut, B>(
    io: T,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    serve_with(io, Limits::TUNNEL, handler, shutdown).await
}

/// [`serve`] with other limits.
///
/// # Errors
/// As there.
pub async fn serve_with<T, H, Fut, B>(
    io: T,
    limits: Limits,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (io, heard) = Watched::new(io);
    let handshake = limits.server().handshake(io);
    let mut connection = timeout(HANDSHAKE, handshake).await.map_err(|_| Error::Silent)??;
    let silence = keep_alive(connection.ping_pong(), heard);
    tokio::select! {
        result = accept_all(&mut connection, limits, handler, shutdown) => result,
        error = silence => Err(error),
    }
}

async fn accept_all<T, H, Fut, B>(
    connection: &mut Connection<T, Bytes>,
    limits: Limits,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut tasks = JoinSet::new();
    let mut stopping = false;
    let mut out_of_time = pin!(async {
        shutdown.cancelled().await;
        sleep(GRACE).await;
    });
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(accepted) = accepted else { return Ok(()) };
                let (request, respond) = accepted?;
                let request = request.map(|body| Body::of_request(body, &limits));
                tasks.spawn(answer(request, respond, handler.clone()));
            }
            Some(_) = tasks.join_next() => {}
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                connection.graceful_shutdown();
            }
            () = &mut out_of_time => return Ok(()),
        }
    }
}

/// One request, from its head to the end of its answer.
async fn answer<H, Fut, B>(request: Request<Body>, mut respond: SendResponse<Bytes>, handler: H)
where
    H: Fn(Request<Body>) -> Fut,
    Fut: Future<Output = Response<B>>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let method = request.method().clone();
    let response = tokio::select! {
        response = handler(request) => response,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    if let Err(error) = send(response, &method, &mut respond).await {
        tracing::debug!(%error, "an answer could not be sent");
    }
}

async fn send<B>(
    response: Response<B>,
    method: &Method,
    respond: &mut SendResponse<Bytes>,
) -> Result<(), Error>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = response.into_parts();
    let length = match bounds::check_response(&parts, method) {
        Ok(length) => length,
        Err(error) => return refuse(&error, respond),
    };
    let is_empty = body.is_end_stream() || length.is_nothing();
    let mut stream = respond.send_response(Response::from_parts(parts, ()), is_empty)?;
    if !is_empty {
        pump(body, length, &mut stream).await;
    }
    Ok(())
}

/// An answer that can't pass the tunnel costs its own request and nothing else.
fn refuse(error: &Error, respond: &mut SendResponse<Bytes>) -> Result<(), Error> {
    tracing::warn!(%error, "a printer's answer was not sent on");
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    respond.send_response(answer, true)?;
    Ok(())
}
