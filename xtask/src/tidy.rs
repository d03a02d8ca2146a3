//! The repository's own rules, checked like tests. Each rule lives in a file of its own, looks at
//! plain values, and has a unit test that breaks it on purpose.

mod covered;
mod decisions;
mod dependencies;
mod length;
mod lockfiles;
mod machine;
mod migrations;
mod security;
mod sql;

use std::fmt;

use anyhow::{Result, bail};

use crate::repository::{File, Repository};

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// Line from 1; 0 means the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn in_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 0, message: message.into() }
    }

    fn at(file: &File, line: usize, message: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Checks every rule and prints what breaks one.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let findings = findings(repository)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} places break the repository's rules (CONTRIBUTING.md)"),
    }
}

fn findings(repository: &Repository) -> Result<Vec<Finding>> {
    let files = repository.files()?;
    let mut findings = dependencies::check(&dependencies::read(repository)?);
    findings.extend(sql::check(&files));
    findings.extend(length::check(&files));
    findings.extend(migrations::check(&files));
    findings.extend(covered::check(&files));
    findings.extend(lockfiles::check(&files));
    findings.extend(machine::check(&repository.root, &files));
    findings.extend(decisions::check(&files));
    findings.extend(security::check(&files));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let findings = findings(&Repository::here().unwrap()).unwrap();
        let report: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(report.is_empty(), "\n{}", report.join("\n"));
    }
}
