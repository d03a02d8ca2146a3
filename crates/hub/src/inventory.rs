//! Every printer that somebody can reach. Who can't be reached by anyone needs neither a
//! certificate nor a grant.

use std::collections::HashMap;

use printer::{PrinterId, Timestamp};
use store::{Printer, Store};

/// All printers on which at least one account has a level now, each once.
pub(crate) async fn reachable(store: &Store, now: Timestamp) -> store::Result<Vec<Printer>> {
    let mut found: HashMap<PrinterId, Printer> = HashMap::new();
    for account in store.accounts().await? {
        let printers = store.printers_for(account.id, now).await?;
        found.extend(printers.into_iter().map(|(printer, ..)| (printer.id, printer)));
    }
    let mut printers: Vec<_> = found.into_values().collect();
    printers.sort_by_key(|printer| printer.id);
    Ok(printers)
}
