//! A `frontend`, `backend` or `listen` section, together with the `defaults` that hold for it.

use std::collections::BTreeMap;

use forward::BaseUrl;

use super::{
    acls::Acls,
    bind::{self, Bind, OwnTls},
    closed, condition, known,
    notes::{Notes, Verdict, about},
    request::{self, Step, looks_at_path, not_understood},
    sections::{Kind, Line, Section},
    server,
};
use crate::{
    Backend, Config, Rewrite, Route,
    rules::{Rule, Rules},
};

/// What a section says.
#[derive(Debug)]
pub(super) struct Proxy {
    name: String,
    kind: Kind,
    pub(super) line: usize,
    speaks_http: bool,
    acls: Acls,
    pub(super) rules: Vec<Rule>,
    pub(super) routes: Vec<(usize, Route)>,
    pub(super) otherwise: Option<(usize, String)>,
    pub(super) binds: Vec<Bind>,
    servers: Vec<(usize, BaseUrl)>,
    rewrite: Option<(usize, Rewrite)>,
    /// Whether a line removed the user name and password, so that those below see none.
    pub(super) forgets_people: bool,
}

const OWN_CERTIFICATE: &str = "honoured, with a certificate of the gate's own";
const ALSO_TLS_1_2: &str = "honoured, with a certificate of the gate's own; the gate also takes TLS \
                            1.2, the file doesn't";
const OWN_CIPHERS: &str = "honoured, with a certificate of the gate's own, and with TLS 1.2 and 1.3, \
                           ciphers and curves as the gate chooses them, not as the file does";
const REDIRECTS: &str = "the gate shows no printer without TLS: this port sends people there";
const CREDENTIALS: &str = "the gate removes the user name and password by itself";
pub(super) const FORGOTTEN: &str = "The user name and password were removed above \
                                    (`del-header Authorization`), so that haproxy takes everybody \
                                    for nobody here: move that line below all that ask for people.";
const FOR_HEADERS: &str = "only looked at where a header is set, which the gate does by itself";

impl Proxy {
    /// Reads a section, and the `defaults` above. `tls`: whether visitors come with TLS.
    pub(super) fn read(section: &Section, all: &[Section], tls: bool, notes: &mut Notes) -> Self {
        let mut proxy = Self {
            name: section.name.clone(),
            kind: section.kind,
            line: section.line,
            speaks_http: false,
            acls: Acls::new(tls),
            rules: Vec::new(),
            routes: Vec::new(),
            otherwise: None,
            binds: Vec::new(),
            servers: Vec::new(),
            rewrite: None,
            forgets_people: false,
        };
        proxy.inherit(section, all, notes);
        notes.note(section.line, &section.title, Verdict::Honoured);
        // A name that is defined again further down means that, too, in the rules above.
        let is_acl = |line: &&Line| line.words.first().is_some_and(|word| word == "acl");
        let (acls, others): (Vec<_>, Vec<_>) = section.lines.iter().partition(is_acl);
        for line in acls.into_iter().chain(others) {
            proxy.take(line, notes);
        }
        if !proxy.speaks_http {
            notes.refuse(section.line, "The gate speaks HTTP only; `mode http` is missing.");
        }
        proxy
    }

    /// The `defaults` that hold: those that are named, or else the last ones above.
    fn inherit(&mut self, section: &Section, all: &[Section], notes: &mut Notes) {
        let mut above =
            all.iter().filter(|other| other.kind == Kind::Defaults && other.line < section.line);
        let words: Vec<_> = section.title.iter().map(String::as_str).collect();
        let defaults = match *words.as_slice() {
            [_, _, "from", name] => above.find(|defaults| defaults.name == name),
            [_, _] => above.next_back(),
            _ => return notes.refuse(section.line, "The gate doesn't know what follows the name."),
        };
        let Some(defaults) = defaults else { return };
        if defaults.title.len() > 2 {
            return notes.refuse(
                defaults.line,
                "The gate doesn't know `defaults` that take over what others say.",
            );
        }
        notes.note(defaults.line, &defaults.title, Verdict::Honoured);
        for line in &defaults.lines {
            let words: Vec<_> = line.words.iter().map(String::as_str).collect();
            match *words.as_slice() {
                // Only a frontend is led on by what the defaults say.
                ["default_backend", _] if !self.kind.listens() => {
                    if !notes.has(line.number) {
                        notes.otherwise(line, "it concerns frontends, and none that counts here");
                    }
                }
                ["mode" | "default_backend", _] => self.take(line, notes),
                _ => default(line, &words, notes),
            }
        }
    }

    fn take(&mut self, line: &Line, notes: &mut Notes) {
        match self.take_line(line) {
            Ok(Verdict::Honoured) => notes.honoured(line),
            // All of its words are known, and people want to see where they will be asked.
            Ok(verdict) if line.words.first().is_some_and(|word| word == "bind") => {
                notes.note(line.number, &line.words, verdict);
            }
            Ok(Verdict::Otherwise(why)) => notes.otherwise(line, why),
            Err(why) => notes.refuse(line.number, why),
        }
    }

    fn take_line(&mut self, line: &Line) -> Result<Verdict, String> {
        let words: Vec<_> = line.words.iter().map(String::as_str).collect();
        match *words.as_slice() {
            ["mode", mode] => {
                self.speaks_http = mode == "http";
                Ok(Verdict::Honoured)
            }
            ["acl", ..] => {
                let understood = self.acls.define(line)?;
                Ok(if understood { Verdict::Honoured } else { Verdict::Otherwise(FOR_HEADERS) })
            }
            ["bind", ..] if self.kind.listens() => self.bind(line),
            ["server", ..] if self.kind != Kind::Frontend => {
                self.servers.push((line.number, server::read(line)?));
                Ok(Verdict::Honoured)
            }
            ["default_backend", name] if self.kind.listens() => {
                self.otherwise = Some((line.number, name.to_owned()));
                Ok(Verdict::Honoured)
            }
            ["use_backend", name, ref condition @ ..] if self.kind.listens() => {
                self.route(line.number, name, condition)
            }
            ["http-request", ref rest @ ..] => {
                let step = request::read(rest, &self.acls)?;
                self.step(line.number, step)
            }
            ["reqrep", ref rest @ ..] => self.step(line.number, request::read_reqrep(rest)?),
            ["redirect", ref rest @ ..] => {
                request::redirect(rest, &self.acls).map(Verdict::Otherwise)
            }
            _ => known::instead(&words).map(Verdict::Otherwise).ok_or_else(|| unknown(&words)),
        }
    }

    fn bind(&mut self, line: &Line) -> Result<Verdict, String> {
        let binds = bind::read(line)?;
        let verdict = match binds.iter().find(|bind| bind.tls).map(|bind| bind.own_tls) {
            None => REDIRECTS,
            Some(OwnTls::AsStrict) => OWN_CERTIFICATE,
            Some(OwnTls::Older) => ALSO_TLS_1_2,
            Some(OwnTls::OtherCiphers) => OWN_CIPHERS,
        };
        self.binds.extend(binds);
        Ok(Verdict::Otherwise(verdict))
    }

    fn route(&mut self, line: usize, name: &str, words: &[&str]) -> Result<Verdict, String> {
        if name.contains('%') {
            return Err("The gate leads only to backends that are named.".to_owned());
        }
        let when = condition::read(words, &self.acls).map_err(|why| not_understood(&why))?;
        self.routes.push((line, Route { when, backend: name.to_owned() }));
        Ok(Verdict::Honoured)
    }

    fn step(&mut self, line: usize, step: Step) -> Result<Verdict, String> {
        match step {
            Step::Instead(why) => return Ok(Verdict::Otherwise(why)),
            Step::Forget => {
                self.forgets_people = true;
                return Ok(Verdict::Otherwise(CREDENTIALS));
            }
            Step::Rule(rule) if self.forgets_people && !rule.when.lists().is_empty() => {
                return Err(FORGOTTEN.to_owned());
            }
            Step::Rewrite(_) if self.kind.listens() => {
                return Err("The gate rewrites paths behind the choice of a backend only: move \
                            this line there."
                    .to_owned());
            }
            Step::Rewrite(_) if self.rewrite.is_some() => {
                return Err("The gate rewrites a path once.".to_owned());
            }
            Step::Rewrite(rewrite) => self.rewrite = Some((line, rewrite)),
            Step::Rule(rule) if self.rewrite.is_some() && looks_at_path(&rule.when) => {
                return Err("The gate judges a path before it is rewritten: move this line above \
                            the one that rewrites it, and write the path as people see it."
                    .to_owned());
            }
            Step::Rule(rule) => self.rules.push(rule),
        }
        Ok(Verdict::Honoured)
    }

    /// What a frontend must have.
    pub(super) fn refuse_unless_front(&self, notes: &mut Notes) {
        if self.binds.is_empty() {
            notes.refuse(self.line, "It listens nowhere: there is no `bind`.");
        }
        let own = self.kind == Kind::Listen && !self.servers.is_empty();
        if own && self.otherwise.is_some() {
            notes.refuse(self.line, "It has both a `server` and a `default_backend`.");
        }
        if !own && self.otherwise.is_none() && self.routes.is_empty() {
            notes.refuse(self.line, "It leads to no backend.");
        }
    }

    /// Where it removed the user name and password: nothing that comes later may look at them.
    pub(super) fn refuse_forgotten_people(
        &self,
        backends: &BTreeMap<String, Backend>,
        notes: &mut Notes,
    ) {
        if !self.forgets_people {
            return;
        }
        let asks_for_people = |name: &str| {
            let rules = backends.get(name).into_iter().flat_map(|backend| &backend.rules.0);
            rules.flat_map(|rule| rule.when.lists()).next().is_some()
        };
        let behind = self.leads_to().into_iter().filter(|(_, name)| asks_for_people(name));
        let routes = self.routes.iter().filter(|(_, route)| !route.when.lists().is_empty());
        for line in routes.map(|(line, _)| *line).chain(behind.map(|(line, _)| line)) {
            notes.refuse(line, FORGOTTEN);
        }
    }

    /// The backends to which it leads, with the lines that do.
    pub(super) fn leads_to(&self) -> Vec<(usize, &str)> {
        let routes = self.routes.iter().map(|(line, route)| (*line, route.backend.as_str()));
        let otherwise = self.otherwise.iter().map(|(line, name)| (*line, name.as_str()));
        routes.chain(otherwise).collect()
    }

    /// As a backend; `None` when it has no server, which is refused.
    pub(super) fn into_backend(self, notes: &mut Notes) -> Option<Backend> {
        let url = self.only_server(notes)?;
        let rewrite = self.rewrite.map(|(_, rewrite)| rewrite);
        Some(Backend { url, rules: closed(self.rules), rewrite })
    }

    /// What a `listen` section adds: where it doesn't lead elsewhere, it is its own backend.
    pub(super) fn add_own_server(&self, config: &mut Config, notes: &mut Notes) {
        if self.kind != Kind::Listen || self.otherwise.is_some() || self.servers.is_empty() {
            return;
        }
        let Some(url) = self.only_server(notes) else { return };
        let backend = Backend { url, rules: Rules::everyone(), rewrite: None };
        config.backends.insert(self.name.clone(), backend);
        config.otherwise = Some(self.name.clone());
    }

    fn only_server(&self, notes: &mut Notes) -> Option<BaseUrl> {
        match self.servers.as_slice() {
            [(_, url)] => return Some(url.clone()),
            [] => notes.refuse(self.line, "It has no `server`."),
            [_, (line, _), ..] => notes.refuse(*line, "A gate leads to one server per backend."),
        }
        None
    }
}

fn default(line: &Line, words: &[&str], notes: &mut Notes) {
    match known::instead(words) {
        Some(why) => notes.otherwise(line, why),
        None => notes.refuse(line.number, unknown(words)),
    }
}

fn unknown(words: &[&str]) -> String {
    let shown = about(words);
    format!("The gate doesn't know `{shown}`, and won't guess whether it keeps somebody out.")
}
