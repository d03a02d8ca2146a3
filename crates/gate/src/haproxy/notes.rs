//! What is said about each line: honoured, done otherwise, not needed, or refused.

use std::{collections::BTreeMap, fmt};

use super::sections::{Line, Section};

/// What became of every line, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(pub Vec<Entry>);

/// What became of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub line: usize,
    /// Its words, where the gate does as they say; secrets are `***`. Of other lines only what they
    /// are about: whatever else stands there may be a secret.
    pub text: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The gate does as it says.
    Honoured,
    /// The gate does something else, for this reason. It is no more open for it.
    Otherwise(&'static str),
}

/// Why a file can't be honoured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Every line that stands in the way.
    pub refusals: Vec<Refusal>,
    /// What would become of the others.
    pub report: Report,
}

/// One line that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number, from 1; 0 for the file as a whole.
    pub line: usize,
    /// Why, in a sentence.
    pub why: String,
}

/// What was noted so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    entries: BTreeMap<usize, Entry>,
    refusals: Vec<Refusal>,
}

impl Notes {
    pub(super) fn honoured(&mut self, line: &Line) {
        self.note(line.number, &line.words, Verdict::Honoured);
    }

    pub(super) fn otherwise(&mut self, line: &Line, why: &'static str) {
        let about = about(&line.words);
        self.note(line.number, &[about.as_str(), "…"].map(str::to_owned), Verdict::Otherwise(why));
    }

    /// A line whose secrets have to be hidden.
    pub(super) fn note(&mut self, number: usize, words: &[String], verdict: Verdict) {
        let entry = Entry { line: number, text: words.join(" "), verdict };
        self.entries.insert(number, entry);
    }

    pub(super) fn refuse(&mut self, line: usize, why: impl Into<String>) {
        self.refusals.push(Refusal { line, why: why.into() });
    }

    pub(super) fn refuse_file(&mut self, why: impl Into<String>) {
        self.refuse(0, why);
    }

    /// A section that doesn't concern the gate.
    pub(super) fn skipped(&mut self, section: &Section) {
        let title: Vec<_> = section.title.iter().take(2).cloned().collect();
        self.note(
            section.line,
            &title,
            Verdict::Otherwise("this section doesn't concern the gate"),
        );
    }

    pub(super) fn has(&self, line: usize) -> bool {
        self.entries.contains_key(&line)
    }

    pub(super) fn finish(mut self) -> Result<Report, Refused> {
        self.refusals.sort_by_key(|refusal| refusal.line);
        self.refusals.dedup();
        let is_refused = |line: &usize| self.refusals.iter().any(|refusal| refusal.line == *line);
        self.entries.retain(|line, _| !is_refused(line));
        let report = Report(self.entries.into_values().collect());
        if self.refusals.is_empty() {
            return Ok(report);
        }
        Err(Refused { refusals: self.refusals, report })
    }

    pub(super) fn nothing_to_guard(mut self) -> Refused {
        if self.refusals.is_empty() {
            self.refuse_file("The file leads to no printer.");
        }
        match self.finish() {
            Ok(report) => Refused { refusals: Vec::new(), report },
            Err(refused) => refused,
        }
    }
}

/// What a line is about: its directive, and no more of it.
pub(super) fn about<Word: AsRef<str>>(words: &[Word]) -> String {
    let of_two = ["option", "no", "stats", "http-request", "http-response", "tcp-request"];
    let count =
        if words.first().is_some_and(|word| of_two.contains(&word.as_ref())) { 2 } else { 1 };
    let words: Vec<_> = words.iter().take(count).map(AsRef::as_ref).collect();
    words.join(" ")
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.refusals.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { line, text, verdict } in &self.0 {
            match verdict {
                Verdict::Honoured => writeln!(f, "{line:>5}  yes   {text}")?,
                Verdict::Otherwise(why) => {
                    writeln!(f, "{line:>5}  no    {text}\n             ({why})")?;
                }
            }
        }
        Ok(())
    }
}
