//! The two files that PrusaLink starts from.

use std::{fs, path::Path};

use anyhow::Result;

use super::PrusaLink;

/// MD5 of `maker:Administrator:makerpass`, as PrusaLink keeps passwords.
const DIGEST: &str = "9159c9d527a4c65d0a8ceff5a1d0b92a";

/// Lays out PrusaLink's data directory.
pub(super) fn write(directory: &Path, line: &Path, port: u16) -> Result<()> {
    fs::write(directory.join("prusalink.ini"), program(directory, line, port))?;
    fs::write(directory.join("prusa_printer_settings.ini"), printer())?;
    Ok(())
}

fn program(directory: &Path, line: &Path, port: u16) -> String {
    format!(
        "\
[daemon]
data_dir = {directory}

[http]
address = 127.0.0.1
port = {port}

[printer]
port = {line}
settings = ./prusa_printer_settings.ini
directory = ./gcodes

[cameras]
auto_detect = False
",
        directory = directory.display(),
        line = line.display(),
    )
}

/// With a user there is no wizard; without a token nothing connects to Prusa's cloud.
fn printer() -> String {
    format!(
        "\
[printer]
type = MK3S
name = Rig

[service::local]
enable = 1
username = {}
digest = {DIGEST}
api_key = {}
",
        PrusaLink::USER.0,
        PrusaLink::API_KEY
    )
}
