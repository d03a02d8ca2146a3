//! The cookies of a visitor's request as the printer gets them: those that it set itself in this
//! session, under its own names. Everything else belongs to the hub, to another printer, or to
//! somebody who tossed it there.

use std::collections::HashMap;

use http::HeaderMap;
use store::PrinterCookie;

use super::hidden::revealed;

/// Replaces a request's cookies by the printer's own ones.
///
/// A name that comes twice is dropped altogether: a page of a sibling name has set the second one
/// for the whole domain, and nobody can tell which is which.
pub(super) fn keep_own(headers: &mut HeaderMap, known: &[PrinterCookie], label: &str, path: &str) {
    let shown: Vec<_> = forward::cookies::pairs(headers).collect();
    let mut times: HashMap<&[u8], usize> = HashMap::new();
    for (name, _) in &shown {
        *times.entry(name).or_default() += 1;
    }
    let own: Vec<(&[u8], &[u8])> = shown
        .iter()
        .filter(|(name, _)| times.get(name) == Some(&1))
        .filter_map(|(name, value)| Some((own_name(name, known, label, path)?, *value)))
        .collect();
    let own: Vec<(Vec<u8>, Vec<u8>)> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let own: Vec<_> = own.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    forward::cookies::replace(headers, &own);
}

/// The printer's name for a cookie that it may have. The browser looks after the paths of those
/// that scripts may read; hidden ones it has at `/`.
fn own_name<'a>(
    shown: &'a [u8],
    known: &[PrinterCookie],
    label: &str,
    path: &str,
) -> Option<&'a [u8]> {
    let shown = std::str::from_utf8(shown).ok()?;
    let hidden = revealed(label, shown);
    let name = hidden.unwrap_or(shown);
    let cookie = known.iter().find(|cookie| cookie.name == name)?;
    let applies = !cookie.hidden || forward::cookies::path_matches(&cookie.path, path);
    (cookie.hidden == hidden.is_some() && applies).then_some(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    const LABEL: &str = "abcdefgh234567ij";

    fn kept(field: &str, path: &str) -> String {
        let cookie = |name: &str, path: &str, hidden| PrinterCookie {
            name: name.to_owned(),
            path: path.to_owned(),
            hidden,
        };
        let known = [
            cookie("session_P3443", "/", true),
            cookie("deep", "/plugin", true),
            cookie("csrf_token_P3443", "/", false),
        ];
        let mut headers = HeaderMap::from_iter([(COOKIE, field.parse().unwrap())]);
        keep_own(&mut headers, &known, LABEL, path);
        headers.get(COOKIE).map(|kept| kept.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    // covers: RL-5
    #[test]
    fn a_printer_gets_what_it_set_under_its_own_names() {
        let field = format!(
            "__Host-p{LABEL}-session_P3443=.eJx|==; csrf_token_P3443=a|b; __Host-p{LABEL}-deep=1"
        );
        assert_eq!(kept(&field, "/api/version"), "session_P3443=.eJx|==; csrf_token_P3443=a|b");
        assert_eq!(
            kept(&field, "/plugin/x"),
            "session_P3443=.eJx|==; csrf_token_P3443=a|b; deep=1"
        );
    }

    // covers: RL-5
    #[test]
    fn printer_b_login_cookie_reaches_printer_a() {
        let foreign = "remember_token_P7002=b; __Host-pzyxwvuts234567ij-session_P3443=b; \
                       __Host-layerlock=hub; __Host-ll-abcdefgh234567ij=hub; \
                       __Host-ll-pre-abcdefgh234567ij=hub; theme=dark; csrf_token_P3443=own";
        assert_eq!(kept(foreign, "/"), "csrf_token_P3443=own");
    }

    // covers: RL-5
    #[test]
    fn domain_cookie_tossed_by_printer() {
        assert_eq!(kept("session_P3443=TOSSED", "/"), "");
        assert_eq!(kept("csrf_token_P3443=own; csrf_token_P3443=TOSSED", "/"), "");
        let readable = format!("__Host-p{LABEL}-csrf_token_P3443=TOSSED");
        assert_eq!(kept(&readable, "/"), "");
    }
}
