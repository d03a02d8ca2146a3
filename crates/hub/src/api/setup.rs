//! The first account, made with the one-time link that the hub printed (AC-12). From private
//! addresses only: whoever finds a new hub on the internet can't take it.

use std::net::IpAddr;

use axum::{Extension, Json, extract::State};
use backplane::Secret;
use credentials::{Email, Password, SetupToken};
use edge::Connection;
use http::{HeaderMap, StatusCode};
use printer::{AccountId, Name};
use serde::Deserialize;
use store::NewAccount;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    Route,
    account::{self, Account},
    body::Body,
    session::{self, Cookie},
};
use crate::{
    hashing::Asker,
    policy::Action,
    problem::ApiError,
    state::{Shared, State as Hub},
};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Action::SetUp, routes!(set_up))]
}

/// What the first account needs.
#[derive(Deserialize, ToSchema)]
pub(super) struct SetupRequest {
    /// From the link: what follows the `#`.
    token: String,
    /// The account's email address.
    #[schema(max_length = 254)]
    email: String,
    /// What others see instead of the address.
    #[schema(max_length = 64)]
    #[serde(default)]
    name: Option<String>,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// Make the first account, which administers the hub, and sign in.
#[utoipa::path(post, path = "/api/v1/setup", operation_id = "setup", tag = "session", request_body = SetupRequest,
    responses((status = 201, body = Account, description = "Made; sets the session cookie")))]
async fn set_up(
    State(hub): State<Shared>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Body(asked): Body<SetupRequest>,
) -> Result<(StatusCode, Cookie, Json<Account>), ApiError> {
    // A proxy that nobody listed stands in front: its private address says nothing about visitors.
    if connection.unlisted_proxy || !is_private(connection.client) {
        return Err(not_private());
    }
    if hub.store.has_accounts().await? {
        return Err(closed());
    }
    let token = prove(&hub, &connection, &asked.token).await?;
    let email: Email = asked.email.parse().map_err(invalid_email)?;
    let name = name(asked.name)?;
    let on_behalf = Asker::familiar(connection.client, email.to_string());
    let password =
        account::new_hash(&hub, &on_behalf, asked.password, &email, name.as_ref()).await?;
    let id = AccountId::new(hub.clock.as_ref(), hub.random.as_ref());
    let new = NewAccount { id, email, name, password, administrator: true };
    let made = hub.store.create_first_account(&new, &token.digest(), hub.clock.now()).await;
    let account = made.map_err(refused)?;
    hub.backplane.publish(backplane::Event::GrantsChanged(account.id));
    let cookie = session::begin(&hub, account.id, &connection, &headers).await?;
    Ok((StatusCode::CREATED, cookie, Json(account.into())))
}

/// The token that this is, if it is the right one. Looked at before anything that costs, and not
/// often: only who has the link may make the hub work.
async fn prove(hub: &Hub, connection: &Connection, text: &str) -> Result<SetupToken, ApiError> {
    let showing = hub.backplane.failures().show(Secret::SetupToken, connection.client);
    let showing = showing.map_err(|too_many| session::too_many_attempts(&too_many))?;
    let token = SetupToken::parse(text).ok_or_else(wrong_token)?;
    if !hub.store.setup_token_is_valid(&token.digest(), hub.clock.now()).await? {
        return Err(wrong_token());
    }
    showing.right();
    Ok(token)
}

fn name(text: Option<String>) -> Result<Option<Name>, ApiError> {
    let text = text.filter(|text| !text.trim().is_empty());
    let name = text.map(|text| text.parse()).transpose();
    name.map_err(|error: printer::InvalidName| {
        ApiError::unprocessable("invalid-name", format!("The name doesn't work: {error}."))
    })
}

/// Loopback, RFC 1918, link-local and unique local addresses.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn refused(error: store::Error) -> ApiError {
    match error {
        store::Error::SetupClosed => closed(),
        store::Error::SetupTokenInvalid => wrong_token(),
        other => other.into(),
    }
}

fn closed() -> ApiError {
    ApiError::conflict("setup-closed", "This hub is set up already. Sign in instead.")
}

fn wrong_token() -> ApiError {
    let detail =
        "This setup link was used or has expired. `layerlock setup-link` prints a new one.";
    ApiError::forbidden("setup-token", detail)
}

fn not_private() -> ApiError {
    let detail = "Setting up works from this hub's own network only. On a rented server, run \
                  `layerlock user add` there.";
    ApiError::forbidden("setup-not-private", detail)
}

fn invalid_email(error: credentials::InvalidEmail) -> ApiError {
    ApiError::unprocessable("invalid-email", format!("The email address doesn't work: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: AC-12
    #[test]
    fn private_addresses_are_those_of_networks_at_home() {
        for address in [
            "127.0.0.1",
            "192.168.1.5",
            "10.0.0.1",
            "172.16.0.1",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:192.168.1.5",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in [
            "203.0.113.7",
            "100.64.0.1",
            "172.32.0.1",
            "2001:db8::1",
            "0.0.0.0",
            "::",
            "::ffff:203.0.113.7",
        ] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
