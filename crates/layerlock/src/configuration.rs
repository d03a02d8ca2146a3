//! The configuration: one TOML file, each value of which an environment variable may override
//! (`[hub] listen.https` is `LAYERLOCK_HUB__LISTEN__HTTPS`). Everything has a default. A name
//! that isn't known is refused with the nearest one that is, because a misspelt protection must
//! not be a switched-off one.

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format, Toml},
};
use serde::{Deserialize, Serialize};

use crate::log::{self, LogConfig};

/// Everything that can be configured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The hub.
    pub(crate) hub: hub::Config,
    /// The gate.
    pub(crate) gate: gate::Settings,
    /// Logging.
    pub(crate) log: LogConfig,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// Reads the file (which must exist only if it was named) and the environment.
pub(crate) fn load(named: Option<&Path>, usual: PathBuf) -> Result<Settings, Refused> {
    let path = named.map_or(usual, Path::to_path_buf);
    if named.is_some() && !path.is_file() {
        return Err(Refused(format!("there is no configuration file {}", path.display())));
    }
    let file = if path.is_file() { Figment::from(Toml::file_exact(path)) } else { Figment::new() };
    file.merge(environment()).extract().map_err(|errors| Refused(explain(errors)))
}

/// The line, from 1, at which a file names a person of the gate. `None` if it doesn't: the
/// environment may.
pub(crate) fn line_of_gate_user(text: &str, name: &str) -> Option<usize> {
    let file = toml_edit::Document::parse(text).ok()?;
    let begin = file.get("gate")?.get("users")?.get(name)?.span()?.start;
    Some(text.get(..begin)?.matches('\n').count() + 1)
}

/// A complete configuration that changes nothing, with the meaning of every setting.
pub(crate) fn reference() -> String {
    format!("{}\n{}\n{}", hub::Config::reference(), gate::REFERENCE, log::REFERENCE)
}

/// Variables with a double underscore name a value in a section. The others, such as
/// `LAYERLOCK_DATA`, belong to the command line.
fn environment() -> Env {
    Env::prefixed("LAYERLOCK_").filter(|key| key.as_str().contains("__")).split("__")
}

fn explain(errors: figment::Error) -> String {
    let sentences: Vec<_> = errors.into_iter().map(|error| explain_one(&error)).collect();
    sentences.join("\n")
}

fn explain_one(error: &figment::Error) -> String {
    let setting = error.path.join(".");
    let source = source(error);
    match &error.kind {
        Kind::UnknownField(name, known) => unknown(name, known, error),
        Kind::InvalidType(found, wanted) => {
            format!("{setting}{source} must be {wanted}, not {found}")
        }
        Kind::InvalidValue(found, wanted) => {
            format!("{setting}{source} is {found}; it must be {wanted}")
        }
        Kind::UnknownVariant(found, known) => {
            format!("{setting}{source} is {found:?}; it must be one of: {}", known.join(", "))
        }
        Kind::Message(message) if setting.is_empty() => {
            format!("the configuration{source}: {message}")
        }
        Kind::Message(message) if message.contains("socket address") => {
            format!("{setting}{source} is no address and port; write it like \"[::]:3443\"")
        }
        Kind::Message(message) => format!("{setting}{source}: {message}"),
        _ => error.to_string(),
    }
}

/// Where a value came from: the file, or the environment.
fn source(error: &figment::Error) -> String {
    match error.metadata.as_ref().map(|metadata| &metadata.source) {
        Some(Some(file)) => format!(" in {file}"),
        Some(None) => " in the environment".to_owned(),
        None => String::new(),
    }
}

fn unknown(name: &str, known: &[&str], error: &figment::Error) -> String {
    let source = source(error);
    let section = match error.path.split_last() {
        Some((_, above)) if !above.is_empty() => format!(" of [{}]", above.join(".")),
        _ => String::new(),
    };
    let advice = match nearest(name, known) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("known: {}", known.join(", ")),
    };
    format!("unknown setting {name:?}{section}{source}: {advice}")
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), *candidate))
        .filter(|(typos, candidate)| *typos <= 1 + candidate.len() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Settings, Refused> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("layerlock.toml");
        std::fs::write(&file, text).unwrap();
        load(Some(&file), PathBuf::new())
    }

    #[test]
    fn no_file_means_the_defaults() {
        let settings = load(None, PathBuf::from("/nonexistent/layerlock.toml")).unwrap();
        assert_eq!(settings.log, LogConfig::default());
    }

    #[test]
    fn the_reference_is_a_configuration_that_changes_nothing() {
        let settings = load_text(&reference()).unwrap();
        assert_eq!(settings.log, LogConfig::default());
        assert_eq!(settings.hub, hub::Config::default());
        assert_eq!(settings.gate, gate::Settings::default());
    }

    #[test]
    fn a_named_file_must_exist() {
        let error = load(Some(Path::new("/nonexistent.toml")), PathBuf::new()).unwrap_err();
        assert!(error.to_string().contains("/nonexistent.toml"));
    }

    #[test]
    fn a_misspelt_setting_is_refused_with_the_nearest_name() {
        let error = load_text("[log]\nlevle = \"info\"\n").unwrap_err().to_string();
        assert!(error.contains("unknown setting \"levle\" of [log]"), "{error}");
        assert!(error.contains("did you mean \"level\"?"), "{error}");
    }

    #[test]
    fn a_misspelt_section_is_refused_with_the_nearest_name() {
        let error = load_text("[lgo]\n").unwrap_err().to_string();
        assert!(error.contains("did you mean \"log\"?"), "{error}");
    }

    #[test]
    fn an_address_without_a_port_is_explained() {
        let error = load_text("[hub.listen]\nhttps = \"3443\"\n").unwrap_err().to_string();
        assert!(error.starts_with("hub.listen.https in "), "{error}");
        assert!(error.contains("write it like \"[::]:3443\""), "{error}");
    }

    #[test]
    fn a_wrong_type_names_its_setting() {
        let error = load_text("[hub]\nlisten = 3443\n").unwrap_err().to_string();
        assert!(error.starts_with("hub.listen in "), "{error}");
        assert!(!error.contains("default."), "{error}");
    }

    // covers: GT-2
    #[test]
    fn a_gates_user_is_found_at_its_line() {
        let one_by_one =
            "[gate]\ninside = []\n\n[gate.users]\n# people\nada = \"x\"\nbob = \"y\"\n";
        assert_eq!(line_of_gate_user(one_by_one, "bob"), Some(7));
        assert_eq!(line_of_gate_user("[gate]\nusers = { ada = \"x\" }\n", "ada"), Some(2));
        assert_eq!(line_of_gate_user("[gate]\nusers.ada = \"x\"\n", "ada"), Some(2));
        assert_eq!(line_of_gate_user("[hub]\n", "ada"), None);
    }

    #[test]
    fn a_wrong_value_names_its_setting() {
        let error = load_text("[log]\nformat = \"xml\"\n").unwrap_err().to_string();
        assert!(error.contains("log.format"), "{error}");
    }
}
