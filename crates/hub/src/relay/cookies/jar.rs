//! The partition of cookies (RL-5) around one relayed request: before it goes to the printer, and
//! after the answer has come.

use http::{
    HeaderMap,
    header::{COOKIE, SET_COOKIE},
};
use printer::{PrinterId, SessionId};
use store::{PrinterCookie, Store};

use super::{inbound, is_hubs, outbound::Changes};

/// The cookies of one printer in one visitor's session, as seen by one request.
pub(in crate::relay) struct Jar {
    store: Store,
    session: SessionId,
    printer: PrinterId,
    label: String,
    /// Of the request.
    path: String,
    /// What the printer has set so far, once it has been looked up.
    known: Option<Vec<PrinterCookie>>,
}

impl Jar {
    pub(in crate::relay) fn new(
        store: Store,
        session: SessionId,
        printer: &store::Printer,
    ) -> Self {
        let (printer, label) = (printer.id, printer.label.clone());
        Self { store, session, printer, label, path: "/".to_owned(), known: None }
    }

    /// Leaves a request for `path` the cookies that the printer set.
    pub(in crate::relay) async fn open(
        &mut self,
        headers: &mut HeaderMap,
        path: &str,
    ) -> Result<(), store::Error> {
        path.clone_into(&mut self.path);
        if has_only_hubs(headers) {
            headers.remove(COOKIE);
        } else {
            let known = self.store.printer_cookies(self.session, self.printer).await?;
            inbound::keep_own(headers, &known, &self.label, path);
            self.known = Some(known);
        }
        Ok(())
    }

    /// Renames and remembers the cookies that an answer sets. Those that can't be remembered are
    /// dropped, because the printer would never get them back.
    pub(in crate::relay) async fn close(&mut self, headers: &mut HeaderMap) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        if let Err(error) = self.keep(headers).await {
            tracing::warn!(%error, "a printer's cookies can't be remembered");
            headers.remove(SET_COOKIE);
        }
    }

    async fn keep(&mut self, headers: &mut HeaderMap) -> Result<(), store::Error> {
        let (session, printer) = (self.session, self.printer);
        let known = match self.known.take() {
            Some(known) => known,
            None => self.store.printer_cookies(session, printer).await?,
        };
        let changes = Changes::take(headers, &known, &self.label, &self.path);
        let known = if changes.is_news() {
            let Changes { forgotten, set, .. } = &changes;
            self.store.change_printer_cookies(session, printer, forgotten, set).await?
        } else {
            known
        };
        changes.apply(headers, &known);
        Ok(())
    }
}

/// Whether there is nothing that a printer might have set; then it needs no looking up.
fn has_only_hubs(headers: &HeaderMap) -> bool {
    forward::cookies::pairs(headers).all(|(name, _)| is_hubs(&String::from_utf8_lossy(name)))
}
