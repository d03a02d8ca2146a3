//! Signing in and out. Somebody who doesn't exist takes as long to be refused as somebody whose
//! password is wrong, and a session's token is always new: what a browser presented before is
//! never adopted.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use backplane::Attempt;
use credentials::{Email, Password, PasswordHash, SessionToken, Verdict};
use edge::Connection;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{SET_COOKIE, USER_AGENT},
};
use printer::{AccountId, SessionId};
use serde::Deserialize;
use store::NewSession;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Route, account::Account, body::Body};
use crate::{
    hashing::Asker,
    metrics::SignIn,
    policy::Action,
    problem::ApiError,
    session::{self, Visitor},
    state::{Shared, State as Hub},
};

/// The most sessions that one account has. Whoever signs in once more ends the one that was not
/// used for the longest time.
const SESSIONS: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::SignIn, routes!(sign_in)),
        Route::new(Action::UseOwnAccount, routes!(signed_in)),
        Route::new(Action::UseOwnAccount, routes!(sign_out)),
    ]
}

/// An address and a password.
#[derive(Deserialize, ToSchema)]
pub(super) struct SignInRequest {
    /// The account's email address.
    #[schema(max_length = 254)]
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// A signed-in account's own `Set-Cookie`.
pub(super) type Cookie = AppendHeaders<[(HeaderName, HeaderValue); 1]>;

/// Sign in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignInRequest,
    responses((status = 200, body = Account, description = "Signed in; sets the session cookie")))]
async fn sign_in(
    State(hub): State<Shared>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Body(asked): Body<SignInRequest>,
) -> Result<(Cookie, Json<Account>), ApiError> {
    let email: Email = asked.email.parse().map_err(|_| wrong_credentials())?;
    let account = prove(&hub, &connection, &email, asked.password).await?;
    end_presented(&hub, &headers).await?;
    let cookie = begin(&hub, account.id, &connection, &headers).await?;
    Ok((cookie, Json(account.into())))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "session", tag = "session", responses((status = 200, body = Account)))]
async fn signed_in(Extension(visitor): Extension<Visitor>) -> Json<Account> {
    Json(visitor.account.into())
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "Signed out")))]
async fn sign_out(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<impl IntoResponse, ApiError> {
    hub.store.end_session(visitor.account.id, visitor.session.id).await?;
    hub.backplane.end_session(visitor.session.id);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, session::forget_cookie())])))
}

/// The account whose address and password these are. Slow, limited, and the same for accounts
/// that don't exist.
async fn prove(
    hub: &Hub,
    connection: &Connection,
    email: &Email,
    password: Password,
) -> Result<store::Account, ApiError> {
    let attempt = attempt(hub, connection, email)?;
    let asker = if attempt.is_familiar() {
        Asker::familiar(connection.client, email.to_string())
    } else {
        Asker::stranger(connection.client)
    };
    judge(hub, attempt, &asker, email, password).await
}

/// Lets somebody who is signed in prove their password once more.
pub(super) async fn prove_again(
    hub: &Hub,
    asker: &Asker,
    connection: &Connection,
    email: &Email,
    password: Password,
) -> Result<store::Account, ApiError> {
    judge(hub, attempt(hub, connection, email)?, asker, email, password).await
}

fn attempt(hub: &Hub, connection: &Connection, email: &Email) -> Result<Attempt, ApiError> {
    let attempt = hub.backplane.failures().attempt(connection.client, &email.to_string());
    attempt.map_err(|too_many| {
        hub.metrics.signed_in(SignIn::Limited);
        too_many_attempts(&too_many)
    })
}

async fn judge(
    hub: &Hub,
    attempt: Attempt,
    asker: &Asker,
    email: &Email,
    password: Password,
) -> Result<store::Account, ApiError> {
    let found = hub.store.account_by_email(email).await?;
    let (account, hash) = match found {
        Some((account, hash)) => (Some(account), hash),
        None => (None, PasswordHash::decoy().clone()),
    };
    let Ok((verdict, password)) = hub.hashing.verify(asker, password, hash.clone()).await else {
        attempt.withdrawn();
        hub.metrics.signed_in(SignIn::Busy);
        return Err(ApiError::busy());
    };
    let account = account.filter(|account| !account.disabled && verdict != Verdict::Wrong);
    hub.metrics.signed_in(if account.is_some() { SignIn::Right } else { SignIn::Wrong });
    let account = account.ok_or_else(wrong_credentials)?;
    attempt.succeeded();
    if verdict == Verdict::RightButWeak {
        let better = hub.hashing.hash(asker, password, Arc::clone(&hub.random)).await?;
        hub.store.upgrade_password_hash(account.id, &hash, &better).await?;
    }
    Ok(account)
}

/// Begins a session with a token of its own.
pub(super) async fn begin(
    hub: &Hub,
    account: AccountId,
    connection: &Connection,
    headers: &HeaderMap,
) -> Result<Cookie, ApiError> {
    let token = SessionToken::new(hub.random.as_ref());
    let now = hub.clock.now();
    let lifetime = hub.config.sessions.absolute.duration();
    let session = NewSession {
        id: SessionId::new(hub.clock.as_ref(), hub.random.as_ref()),
        account,
        token: token.digest(),
        device: device(headers),
        address: connection.client,
        expires: now.plus(lifetime),
    };
    hub.store.create_session(&session, now).await?;
    for ended in hub.store.end_oldest_sessions(account, SESSIONS).await? {
        hub.backplane.end_session(ended);
    }
    Ok(AppendHeaders([(SET_COOKIE, session::set_cookie(&token, lifetime)?)]))
}

/// Signing in replaces the session that this browser had.
async fn end_presented(hub: &Hub, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(token) = session::token(headers) else { return Ok(()) };
    let idle = hub.config.sessions.idle.duration();
    let found = hub.store.session_by_token(&token.digest(), hub.clock.now(), idle).await?;
    if let Some((session, account)) = found {
        hub.store.end_session(account.id, session.id).await?;
        hub.backplane.end_session(session.id);
    }
    Ok(())
}

/// What the browser calls itself, for the list of sessions.
fn device(headers: &HeaderMap) -> String {
    const MAX: usize = 256;
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().filter(|c| !c.is_control()).take(MAX).collect()
}

pub(super) fn wrong_credentials() -> ApiError {
    let detail = "The email address or the password is wrong.";
    ApiError::new(StatusCode::UNAUTHORIZED, "wrong-credentials", detail)
}

pub(super) fn too_many_attempts(too_many: &backplane::TooMany) -> ApiError {
    let minutes = too_many.retry_after.as_secs().div_ceil(60);
    let detail = format!("Too many failed attempts. Try again in {minutes} min.");
    ApiError::too_many("too-many-attempts", detail, too_many.retry_after)
}
