//! `layerlock setup-link`: the way in, once more.

use crate::{arguments::Listen, context::Context, terminal};

/// Prints a fresh link for the first account.
pub(crate) async fn run(listen: Listen, mut context: Context) -> anyhow::Result<()> {
    context.listen_at(listen);
    let link = context.admin().await?.setup_link(context.settings.hub.listen.https).await?;
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
