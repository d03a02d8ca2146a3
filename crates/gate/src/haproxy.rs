//! Reads the file of a haproxy that guarded a printer until now (OctoPi's, with people and home
//! networks added by its owner), and makes a gate's [`Config`] of it that allows no more than the
//! file did. Whatever could make the gate more open than haproxy was, and isn't understood, is
//! refused with its line; whatever the gate does by itself, or never does, is said in a [`Report`].
//!
//! Source: haproxy's configuration manual, version 2.6, sections 2 to 4 and 7.

mod acls;
mod address;
mod bind;
mod condition;
mod headers;
mod known;
mod notes;
mod people;
mod proxy;
mod request;
mod rewrite;
mod sections;
mod server;
mod words;

use std::collections::BTreeMap;

use edge::TrustedProxies;

pub use notes::{Entry, Refusal, Refused, Report, Verdict};

use crate::{
    Backend, Config, Listen, UserList,
    rules::{Action, Condition, Rule, Rules},
};
use notes::Notes;
use proxy::Proxy;
use sections::{Kind, Section};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// What a file means to a gate.
#[derive(Debug)]
pub struct Import {
    /// What the gate is to do. It may have no place to listen, when the file has none with TLS.
    pub config: Config,
    /// What became of each line.
    pub report: Report,
}

/// Reads a file. With several frontends, `frontend` says which one the gate stands for.
///
/// # Errors
/// All lines that the gate can't honour without being more open than haproxy was.
pub fn read(text: &str, frontend: Option<&str>) -> Result<Import, Refused> {
    let mut notes = Notes::default();
    let config = match sections::split(text, &mut notes) {
        Some(sections) => assemble(&sections, frontend, &mut notes),
        None => None,
    };
    match config {
        Some(config) => Ok(Import { config, report: notes.finish()? }),
        None => Err(notes.nothing_to_guard()),
    }
}

fn assemble(sections: &[Section], frontend: Option<&str>, notes: &mut Notes) -> Option<Config> {
    sections::refuse_twins(sections, notes);
    let front = choose(sections, frontend, notes)?;
    let lists = people(sections, notes);
    let main = Proxy::read(front, sections, front.has_tls(), notes);
    main.refuse_unless_front(notes);
    let backends = backends(&main, front.has_tls(), sections, notes);
    main.refuse_forgotten_people(&backends, notes);
    skip_the_others(sections, front, &backends, notes);
    let mut config = Config {
        listen: listen(&main, notes),
        names: Vec::new(),
        trusted_proxies: TrustedProxies::default(),
        lists,
        rules: closed(main.rules.clone()),
        routes: main.routes.iter().map(|(_, route)| route.clone()).collect(),
        otherwise: main.otherwise.as_ref().map(|(_, name)| name.clone()),
        backends,
        pass_credentials: false,
    };
    main.add_own_server(&mut config, notes);
    refuse_unknown_lists(&main, &config, notes);
    Some(config)
}

/// The frontend that the gate stands for: the only one, or the one that was asked for.
fn choose<'a>(
    sections: &'a [Section],
    asked: Option<&str>,
    notes: &mut Notes,
) -> Option<&'a Section> {
    let fronts: Vec<_> = sections.iter().filter(|section| section.kind.listens()).collect();
    let named = |section: &&&Section| asked.is_none_or(|name| section.name == name);
    let chosen: Vec<_> = fronts.iter().filter(named).copied().collect();
    if let [one] = *chosen.as_slice() {
        return Some(one);
    }
    let all: Vec<_> = fronts.iter().map(|section| section.name.as_str()).collect();
    let all = all.join(", ");
    notes.refuse_file(match (fronts.len(), asked) {
        (0, _) => "There is no `frontend` and no `listen` in this file.".to_owned(),
        (_, Some(asked)) => format!("There is no frontend {asked:?}; there are: {all}."),
        _ => format!("A gate stands for one frontend. Choose with --frontend: {all}."),
    });
    None
}

fn people(sections: &[Section], notes: &mut Notes) -> BTreeMap<String, UserList> {
    let lists = sections.iter().filter(|section| section.kind == Kind::UserList);
    lists.map(|section| (section.name.clone(), people::read(section, notes))).collect()
}

/// The backends to which the frontend leads.
fn backends(
    main: &Proxy,
    tls: bool,
    sections: &[Section],
    notes: &mut Notes,
) -> BTreeMap<String, Backend> {
    let mut backends = BTreeMap::new();
    for (line, name) in main.leads_to() {
        if backends.contains_key(name) {
            continue;
        }
        let found = sections.iter().find(|section| section.is_backend(name));
        let Some(section) = found else {
            notes.refuse(line, format!("There is no backend {name:?}."));
            continue;
        };
        let back = Proxy::read(section, sections, tls, notes);
        if let Some(backend) = back.into_backend(notes) {
            backends.insert(name.to_owned(), backend);
        }
    }
    backends
}

/// The places with TLS, each with one that sends people there.
fn listen(main: &Proxy, notes: &mut Notes) -> Vec<Listen> {
    let (tls, plain): (Vec<_>, Vec<_>) = main.binds.iter().partition(|bind| bind.tls);
    for bind in plain.iter().skip(tls.len()).filter(|_| !tls.is_empty()) {
        let why = "The gate sends people from one address without TLS to one with it, and there \
                   are more without. Remove some.";
        notes.refuse(bind.line, why);
    }
    let redirect = plain.iter().map(|bind| Some(bind.address)).chain(std::iter::repeat(None));
    let pair = |(tls, http): (&&bind::Bind, _)| Listen { https: tls.address, http };
    tls.iter().zip(redirect).map(pair).collect()
}

/// Rules as haproxy reads them: to whom none applies is let through.
fn closed(mut rules: Vec<Rule>) -> Rules {
    rules.push(Rule { action: Action::Allow, when: Condition::always() });
    Rules(rules)
}

fn skip_the_others(
    sections: &[Section],
    front: &Section,
    backends: &BTreeMap<String, Backend>,
    notes: &mut Notes,
) {
    for section in sections {
        let used = std::ptr::eq(section, front)
            || matches!(section.kind, Kind::UserList | Kind::Defaults)
            || (section.is_backend(&section.name) && backends.contains_key(&section.name));
        if !used && !notes.has(section.line) {
            notes.skipped(section);
        }
    }
}

fn refuse_unknown_lists(main: &Proxy, config: &Config, notes: &mut Notes) {
    let mut named = config.asked_lists();
    named.sort_unstable();
    named.dedup();
    for list in named.into_iter().filter(|list| !config.lists.contains_key(*list)) {
        notes.refuse(main.line, format!("The userlist {list:?} is named and is not there."));
    }
}

#[cfg(test)]
mod tests;
