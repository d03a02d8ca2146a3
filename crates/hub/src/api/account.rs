//! One's own account.

use std::sync::Arc;

use axum::{Extension, extract::State};
use credentials::{Email, Password, PasswordHash, Policy};
use edge::Connection;
use http::StatusCode;
use printer::{AccountId, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Route, body::Body, session};
use crate::{
    hashing::Asker,
    policy::Action,
    problem::ApiError,
    session::Visitor,
    state::{Shared, State as Hub},
};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Action::UseOwnAccount, routes!(change_password))]
}

/// A person's account.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(value_type = String, format = Uuid)]
    id: AccountId,
    /// Its email address.
    #[schema(value_type = String, format = Email)]
    email: Email,
    /// What others see instead of the address.
    #[schema(value_type = Option<String>, required, max_length = 64)]
    name: Option<Name>,
    /// Whether the person may administer the hub.
    administrator: bool,
}

impl From<store::Account> for Account {
    fn from(account: store::Account) -> Self {
        let store::Account { id, email, name, administrator, .. } = account;
        Self { id, email, name, administrator }
    }
}

/// The present password and the one to come.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordChange {
    /// The present one.
    #[schema(value_type = String, format = Password)]
    current: Password,
    /// The one to come.
    #[schema(value_type = String, format = Password)]
    new: Password,
}

/// Change one's own password. Ends every other session of the account.
#[utoipa::path(put, path = "/api/v1/account/password", tag = "account", request_body = PasswordChange,
    responses((status = 204, description = "Changed")))]
async fn change_password(
    State(hub): State<Shared>,
    Extension(connection): Extension<Connection>,
    Extension(visitor): Extension<Visitor>,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let Visitor { account, session, .. } = visitor;
    let asker = Asker::familiar(connection.client, account.email.to_string());
    session::prove_again(&hub, &asker, &connection, &account.email, change.current).await?;
    let hash = new_hash(&hub, &asker, change.new, &account.email, account.name.as_ref()).await?;
    let ended = hub.store.set_password(account.id, &hash, Some(session.id)).await?;
    for session in ended {
        hub.backplane.end_session(session);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The hash of a new password, if it is good enough.
pub(super) async fn new_hash(
    hub: &Hub,
    asker: &Asker,
    password: Password,
    email: &Email,
    name: Option<&Name>,
) -> Result<PasswordHash, ApiError> {
    let policy = Policy { min_length: hub.config.passwords.min_length };
    let about = [Some(email.to_string()), name.map(ToString::to_string)];
    let about = about.into_iter().flatten().collect();
    let (verdict, password) = hub.hashing.judge(asker, password, policy, about).await?;
    verdict.map_err(|weakness| ApiError::unprocessable("weak-password", weakness.message))?;
    Ok(hub.hashing.hash(asker, password, Arc::clone(&hub.random)).await?)
}
