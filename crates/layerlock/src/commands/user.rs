//! `layerlock user`: people, without the dashboard.

use credentials::Email;
use hub::admin::NewUser;
use printer::Name;

use crate::{arguments::User, context::Context, moment, terminal};

/// Does what was asked.
pub(crate) async fn run(command: User, context: &Context) -> anyhow::Result<()> {
    match command {
        User::Add { email, name, administrator } => add(email, name, administrator, context).await,
        User::List => list(context).await,
        User::ResetPassword { email } => reset_password(&email, context).await,
    }
}

async fn add(
    email: Email,
    name: Option<Name>,
    administrator: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let password = terminal::new_password()?;
    let user = NewUser { email, name, password, administrator };
    let account = context.admin().await?.add_user(user).await?;
    println!("Added {}. Give rights with `layerlock grant add`.", account.email);
    Ok(())
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let users = context.admin().await?.users().await?;
    if users.is_empty() {
        println!("Nobody yet. `layerlock setup-link` prints the link for the first account.");
        return Ok(());
    }
    let rows: Vec<_> = users
        .into_iter()
        .map(|user| {
            let role = if user.administrator { "administrator" } else { "" };
            let state = if user.disabled { "disabled" } else { "active" };
            let name = user.name.map(String::from).unwrap_or_default();
            let since = moment::to_text(user.created);
            [user.email.to_string(), name, role.to_owned(), state.to_owned(), since]
        })
        .collect();
    terminal::table(["EMAIL", "NAME", "ROLE", "STATE", "SINCE"], &rows);
    Ok(())
}

async fn reset_password(email: &Email, context: &Context) -> anyhow::Result<()> {
    let admin = context.admin().await?;
    admin.user(email).await?;
    let password = terminal::new_password()?;
    admin.reset_password(email, &password).await?;
    println!("{email} has a new password, and every session has ended.");
    Ok(())
}
