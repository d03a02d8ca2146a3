//! Access lists: `acl home src 192.168.1.0/24`, and the same in braces inside a condition. One that
//! isn't understood does no harm until something that decides about access hangs on it.

use std::collections::BTreeMap;

use http::Method;

use super::sections::Line;
use crate::rules::{Condition, Networks};

/// What the names in a section stand for. A name that is defined twice stands for either.
#[derive(Debug, Clone)]
pub(super) struct Acls {
    named: BTreeMap<String, Vec<Result<Condition, String>>>,
    /// Whether anybody comes with TLS.
    tls: bool,
    /// What isn't understood stands for.
    unknown: Option<Condition>,
}

impl Acls {
    /// None yet, for those who come to a frontend with TLS, or to one without.
    pub(super) const fn new(tls: bool) -> Self {
        Self { named: BTreeMap::new(), tls, unknown: None }
    }

    /// The same, in which whatever isn't understood may be true of some requests and not of others.
    pub(super) fn guessing(&self) -> Self {
        Self { unknown: Some(Condition::Method(Vec::new())), ..self.clone() }
    }

    /// Adds `acl NAME CRITERION ...`.
    ///
    /// # Errors
    /// It has no name or no criterion.
    pub(super) fn define(&mut self, line: &Line) -> Result<bool, String> {
        let words: Vec<_> = line.words.iter().map(String::as_str).collect();
        let ["acl", name, ref criterion @ ..] = *words.as_slice() else {
            return Err("An `acl` needs a name and what it looks at.".to_owned());
        };
        if PREDEFINED.contains(&name) {
            return Err(format!(
                "`{name}` is a name of haproxy's own, and means that in the lines above, too: choose \
                 another."
            ));
        }
        let condition = self
            .criterion(criterion)
            .map_err(|why| format!("the acl `{name}` of line {}: {why}", line.number));
        let understood = condition.is_ok();
        self.named.entry(name.to_owned()).or_default().push(condition);
        Ok(understood)
    }

    /// What a name stands for.
    ///
    /// # Errors
    /// Why nobody can say.
    pub(super) fn named(&self, name: &str) -> Result<Condition, String> {
        let Some(meanings) = self.named.get(name) else {
            return self
                .or_unknown(predefined(name).ok_or_else(|| format!("there is no acl `{name}`")));
        };
        let meanings = meanings.iter().cloned().map(|meaning| self.or_unknown(meaning));
        meanings.collect::<Result<_, _>>().map(Condition::Any)
    }

    /// What `src 192.168.1.0/24` and its like look at.
    ///
    /// # Errors
    /// Why it isn't understood.
    pub(super) fn criterion(&self, words: &[&str]) -> Result<Condition, String> {
        let condition = match *words {
            ["ssl_fc"] if !self.tls => {
                Err("`ssl_fc` is never true there: no `bind` of the frontend \
                 has `ssl`, and the gate shows the printer with TLS only"
                    .to_owned())
            }
            _ => criterion_of(words),
        };
        self.or_unknown(condition)
    }

    fn or_unknown(&self, condition: Result<Condition, String>) -> Result<Condition, String> {
        condition.or_else(|why| self.unknown.clone().ok_or(why))
    }
}

/// All that haproxy defines by itself (its manual, section 7.4).
const PREDEFINED: [&str; 22] = [
    "FALSE",
    "HTTP",
    "HTTP_1.0",
    "HTTP_1.1",
    "HTTP_2.0",
    "HTTP_CONTENT",
    "HTTP_URL_ABS",
    "HTTP_URL_SLASH",
    "HTTP_URL_STAR",
    "LOCALHOST",
    "METH_CONNECT",
    "METH_DELETE",
    "METH_GET",
    "METH_HEAD",
    "METH_OPTIONS",
    "METH_POST",
    "METH_PUT",
    "METH_TRACE",
    "RDP_COOKIE",
    "REQ_CONTENT",
    "TRUE",
    "WAIT_END",
];

/// What haproxy defines by itself, as far as it matters here.
fn predefined(name: &str) -> Option<Condition> {
    let method = |methods: &[Method]| Some(Condition::Method(methods.to_vec()));
    match name {
        "TRUE" => Some(Condition::always()),
        "FALSE" => Some(Condition::always().negated()),
        "LOCALHOST" => Networks::parse(["127.0.0.0/8", "::1"]).ok().map(Condition::From),
        "METH_GET" => method(&[Method::GET, Method::HEAD]),
        "METH_HEAD" => method(&[Method::HEAD]),
        "METH_OPTIONS" => method(&[Method::OPTIONS]),
        "METH_POST" => method(&[Method::POST]),
        "METH_PUT" => method(&[Method::PUT]),
        "METH_DELETE" => method(&[Method::DELETE]),
        _ => None,
    }
}

fn criterion_of(words: &[&str]) -> Result<Condition, String> {
    let [fetch, rest @ ..] = words else { return Err("it looks at nothing".to_owned()) };
    let (matching, patterns) = flags(rest)?;
    let (name, argument) = argument_of(fetch);
    let owned = || patterns.iter().map(|pattern| (*pattern).to_owned());
    match (name, matching, argument, patterns.is_empty()) {
        ("src", None, None, false) => networks(patterns),
        ("http_auth", None, Some(list), true) => {
            Ok(Condition::Authenticated { list: list.to_owned() })
        }
        ("http_auth_group", None, Some(list), false) => {
            Ok(Condition::InGroup { list: list.to_owned(), groups: owned().collect() })
        }
        ("path", None | Some("str"), None, false) => Ok(Condition::PathIs(owned().collect())),
        ("path_beg", None, None, false) | ("path", Some("beg"), None, false) => {
            Ok(Condition::PathBegins(owned().collect()))
        }
        ("path_end", None, None, false) | ("path", Some("end"), None, false) => {
            Ok(Condition::PathEnds(owned().collect()))
        }
        ("method", None, None, false) => methods(patterns),
        // Where the gate shows the printer, there is TLS.
        ("ssl_fc" | "always_true", None, None, true) => Ok(Condition::always()),
        ("always_false", None, None, true) => Ok(Condition::always().negated()),
        // No more of it: what follows may be a secret.
        _ => Err(format!("the gate doesn't know `{name}` there")),
    }
}

/// `http_auth(people)` is `http_auth` of `people`.
fn argument_of(fetch: &str) -> (&str, Option<&str>) {
    let parts = fetch.strip_suffix(')').and_then(|open| open.split_once('('));
    parts.map_or((fetch, None), |(name, argument)| (name, Some(argument)))
}

/// How it is matched (`-m beg`), and the patterns behind.
fn flags<'a>(mut words: &'a [&'a str]) -> Result<(Option<&'a str>, &'a [&'a str]), String> {
    let mut matching = None;
    loop {
        match *words {
            ["--", ref rest @ ..] => return Ok((matching, rest)),
            ["-m", how, ref rest @ ..] => (matching, words) = (Some(how), rest),
            [flag, ..] if flag.starts_with('-') => {
                return Err(format!("the gate doesn't know the flag `{flag}`"));
            }
            _ => return Ok((matching, words)),
        }
    }
}

fn networks(patterns: &[&str]) -> Result<Condition, String> {
    let networks = Networks::parse(patterns.iter().copied());
    networks.map(Condition::From).map_err(|why| why.to_string())
}

fn methods(patterns: &[&str]) -> Result<Condition, String> {
    let methods: Result<_, _> = patterns.iter().map(|name| name.parse()).collect();
    methods.map(Condition::Method).map_err(|_| "a method is malformed".to_owned())
}
