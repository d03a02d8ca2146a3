//! The cookies that a printer's answer sets as the browser gets them: hidden ones renamed, all of
//! them rewritten from what was understood, and only those that can be remembered.

use forward::cookies::SetCookie;
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use store::PrinterCookie;

use super::{
    hidden::{hidden_name, is_hidden},
    is_hubs,
};

/// What an answer does to the browser's cookies, and to what is remembered of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Names to forget.
    pub(super) forgotten: Vec<String>,
    /// Cookies to remember, new or changed.
    pub(super) set: Vec<PrinterCookie>,
    fields: Vec<Field>,
}

/// A `Set-Cookie` for the browser.
#[derive(Debug)]
struct Field {
    /// The cookie that has to be remembered for it; none for a removal.
    cookie: Option<PrinterCookie>,
    value: HeaderValue,
}

impl Changes {
    /// Takes the `Set-Cookie` fields out of an answer to a request for `path`.
    pub(super) fn take(
        headers: &mut HeaderMap,
        known: &[PrinterCookie],
        label: &str,
        path: &str,
    ) -> Self {
        let mut now = Now { known: known.to_vec(), label, fields: Vec::new() };
        for field in headers.get_all(SET_COOKIE) {
            let cookie = SetCookie::parse(field).filter(may_set);
            let placed = cookie.and_then(|cookie| Some((cookie.path(path)?, cookie)));
            match placed {
                Some((path, cookie)) if cookie.removes() => now.remove(&cookie, &path),
                Some((path, cookie)) => now.set(&cookie, path),
                None => tracing::debug!("a printer's cookie is not passed on"),
            }
        }
        headers.remove(SET_COOKIE);
        let gone = |cookie: &&PrinterCookie| !now.known.iter().any(|own| own.name == cookie.name);
        let forgotten = known.iter().filter(gone).map(|cookie| cookie.name.clone()).collect();
        let set = now.known.iter().filter(|cookie| !known.contains(cookie)).cloned().collect();
        Self { forgotten, set, fields: now.fields }
    }

    /// Whether anything has to be written down before the browser may learn of it.
    pub(super) fn is_news(&self) -> bool {
        !self.forgotten.is_empty() || !self.set.is_empty()
    }

    /// Gives the browser the cookies that are remembered.
    pub(super) fn apply(self, headers: &mut HeaderMap, remembered: &[PrinterCookie]) {
        let is_known = |field: &Field| {
            let same = |own: &PrinterCookie, cookie: &PrinterCookie| {
                (&own.name, own.hidden) == (&cookie.name, cookie.hidden)
            };
            let cookie = field.cookie.as_ref();
            cookie.is_none_or(|cookie| remembered.iter().any(|own| same(own, cookie)))
        };
        for Field { value, .. } in self.fields.into_iter().filter(is_known) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// What the browser would hold after the fields read so far.
struct Now<'a> {
    known: Vec<PrinterCookie>,
    label: &'a str,
    fields: Vec<Field>,
}

impl Now<'_> {
    fn set(&mut self, cookie: &SetCookie<'_>, path: String) {
        let hidden = cookie.attribute("httponly").is_some();
        let new = PrinterCookie { name: cookie.name.to_owned(), path, hidden };
        let old = self.known.iter().position(|old| old.name == new.name);
        // Otherwise the browser would hold it in both forms.
        if let Some(old) = old.map(|at| self.known.swap_remove(at)).filter(|o| o.hidden != hidden) {
            self.push(None, self.removal(&old.name, &old.path, old.hidden));
        }
        let text = self.text(cookie, &new);
        self.known.push(new.clone());
        self.push(Some(new), text);
    }

    /// Servers remove an `HttpOnly` cookie without saying that it is one.
    fn remove(&mut self, cookie: &SetCookie<'_>, path: &str) {
        let known = self.known.iter().position(|known| known.name == cookie.name);
        let here = known.and_then(|at| self.known.get(at)).is_none_or(|known| known.path == path);
        self.push(None, self.removal(cookie.name, path, false));
        if here {
            self.push(None, self.removal(cookie.name, path, true));
            known.map(|at| self.known.swap_remove(at));
        }
    }

    fn push(&mut self, cookie: Option<PrinterCookie>, text: Vec<u8>) {
        if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(true);
            self.fields.push(Field { cookie, value });
        }
    }

    fn removal(&self, name: &str, path: &str, hidden: bool) -> Vec<u8> {
        let (name, path) = self.placed(name, path, hidden);
        format!("{name}=; Path={path}; Secure; Max-Age=0").into_bytes()
    }

    /// The field, from what was understood of it. It is always `Secure`: a printer's origin never
    /// is without TLS, however the printer itself is reached.
    fn text(&self, cookie: &SetCookie<'_>, new: &PrinterCookie) -> Vec<u8> {
        let (name, path) = self.placed(&new.name, &new.path, new.hidden);
        let hidden = if new.hidden { "; HttpOnly" } else { "" };
        let mut rest = format!("; Path={path}; Secure{hidden}");
        for attribute in ["SameSite", "Expires", "Max-Age"] {
            if let Some(value) = cookie.attribute(attribute) {
                rest.extend(["; ", attribute, "=", value]);
            }
        }
        [name.as_bytes(), b"=", cookie.value, rest.as_bytes()].concat()
    }

    fn placed<'p>(&self, name: &str, path: &'p str, hidden: bool) -> (String, &'p str) {
        if hidden { (hidden_name(self.label, name), "/") } else { (name.to_owned(), path) }
    }
}

/// Neither the hub's cookies nor another printer's, and none for a whole domain.
fn may_set(cookie: &SetCookie<'_>) -> bool {
    !is_hubs(cookie.name) && !is_hidden(cookie.name) && cookie.attribute("domain").is_none()
}

#[cfg(test)]
mod tests;
