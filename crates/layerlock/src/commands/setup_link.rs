//! `layerlock setup-link`: the way in, once more.

use crate::{arguments::Listen, context::Context, terminal};

/// Prints a fresh link for the first account.
pub(crate) async fn run(listen: Listen, mut context: Context) -> anyhow::Result<()> {
    context.listen_at(listen);
    let hub = &context.settings.hub;
    let link = context.admin().await?.setup_link(hub.listen.https, &hub.origins).await?;
    let Some(link) = link else {
        anyhow::bail!(
            "this hub has an account already; add people with `layerlock user add`, or help one \
             in with `layerlock user reset-password`"
        );
    };
    terminal::setup_link(&link);
    println!("It works once, for 30 minutes, from your own network. Earlier links have ended.");
    Ok(())
}
