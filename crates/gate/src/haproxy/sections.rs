//! The sections of a file.

use super::{MAX_BYTES, bind, notes::Notes, words};

/// One section: `frontend public` and the lines below it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// Empty where a section needs none.
    pub(super) name: String,
    /// Of its first line, from 1.
    pub(super) line: usize,
    /// The words of that line, and of those below.
    pub(super) title: Vec<String>,
    pub(super) lines: Vec<Line>,
}

/// A line with something on it.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    pub(super) words: Vec<String>,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Defaults,
    Frontend,
    Backend,
    /// A frontend and its backend in one.
    Listen,
    UserList,
    /// Nothing that concerns who gets in.
    Other,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "defaults" => Self::Defaults,
            "frontend" => Self::Frontend,
            "backend" => Self::Backend,
            "listen" => Self::Listen,
            "userlist" => Self::UserList,
            "global" | "peers" | "mailers" | "resolvers" | "cache" | "program" | "http-errors"
            | "ring" | "log-forward" | "fcgi-app" => Self::Other,
            _ => return None,
        })
    }

    /// Whether visitors arrive there.
    pub(super) const fn listens(self) -> bool {
        matches!(self, Self::Frontend | Self::Listen)
    }
}

impl Section {
    /// Whether visitors come with TLS to any of its ports.
    pub(super) fn has_tls(&self) -> bool {
        self.lines.iter().any(bind::is_tls)
    }

    pub(super) fn is_backend(&self, name: &str) -> bool {
        matches!(self.kind, Kind::Backend | Kind::Listen) && self.name == name
    }
}

/// The sections in their order; `None` when the file as a whole can't be read.
pub(super) fn split(text: &str, notes: &mut Notes) -> Option<Vec<Section>> {
    if text.len() > MAX_BYTES {
        notes.refuse_file("The file is larger than 1 MiB.");
        return None;
    }
    let mut sections: Vec<Section> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match words::split(line) {
            Err(why) => notes.refuse(number, why),
            Ok(words) => add(Line { number, words }, &mut sections, notes),
        }
    }
    Some(sections)
}

fn add(line: Line, sections: &mut Vec<Section>, notes: &mut Notes) {
    let Some(first) = line.words.first() else { return };
    if first.starts_with('.') {
        return notes.refuse(line.number, "Conditional blocks (`.if`) are not read.");
    }
    if let Some(kind) = Kind::of(first) {
        let name = line.words.get(1).cloned().unwrap_or_default();
        let section =
            Section { kind, name, line: line.number, title: line.words, lines: Vec::new() };
        return sections.push(section);
    }
    match sections.last_mut() {
        Some(section) => section.lines.push(line),
        None => notes.refuse(line.number, format!("`{first}` stands before the first section.")),
    }
}

/// Two sections of one name: haproxy refuses them, too.
pub(super) fn refuse_twins(sections: &[Section], notes: &mut Notes) {
    for (index, section) in sections.iter().enumerate() {
        let (kind, name) = (section.kind, &section.name);
        let is_twin = |earlier: &Section| {
            let same = earlier.kind == kind
                || (kind.listens() && earlier.kind.listens())
                || (earlier.is_backend(name) && section.is_backend(name));
            same && earlier.name == *name
        };
        let named = !matches!(kind, Kind::Defaults | Kind::Other);
        if named && sections.iter().take(index).any(is_twin) {
            notes.refuse(section.line, format!("The name {name:?} was used above."));
        }
        if named && name.is_empty() {
            notes.refuse(section.line, "This section needs a name.");
        }
    }
}
