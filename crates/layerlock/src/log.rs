//! Logging: to standard error, so that standard output stays for what commands answer.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

/// The `[log]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// What is logged: error, warn, info, debug or trace; or per part, as `info,hub=debug`.
    pub(crate) level: String,
    /// How: text for people, json for collectors (one object a line).
    pub(crate) format: Format,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: Format::Text }
    }
}

/// The `[log]` part of the reference.
pub(crate) const REFERENCE: &str = "\
# Logging, to standard error.
[log]
# error, warn, info, debug or trace; or per part, such as \"info,hub=debug\".
level = \"info\"
# text for people, json for collectors (one object a line).
format = \"text\"
";

/// Starts logging for this process.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = filter(&config.level)
        .map_err(|error| anyhow::anyhow!("log.level {:?} can't be read: {error}", config.level))?;
    let colours = std::io::stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = match config.format {
        Format::Text => lines.with_target(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging can't start: {error}"))
}

/// What is logged. The TLS library warns of whatever is odd in a stranger's first words, and so
/// anybody could fill the log; it is listened to only when the operator asks for it.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("rustls=error,{level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_fill_the_log_with_odd_hellos() {
        for (level, effective) in [
            ("info", "rustls=error,info"),
            ("warn,hub=debug", "rustls=error,hub=debug,warn"),
            ("info,rustls=debug", "rustls=debug,info"),
        ] {
            assert_eq!(filter(level).unwrap().to_string(), effective);
        }
        assert!(filter("hub=loudly").is_err());
    }
}
