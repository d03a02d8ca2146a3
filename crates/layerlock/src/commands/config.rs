//! `layerlock config`: checking and explaining the configuration.

use anyhow::Context as _;

use crate::{
    arguments::Config,
    configuration::{self, Settings},
};

/// Does what was asked. By now the configuration has been read; what is left to check is whether
/// its settings suit each other.
pub(crate) fn run(command: Config, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Config::Check => {
            settings.hub.check().context("the configuration is wrong")?;
            let listen = &settings.hub.listen;
            println!("The configuration is right.");
            println!("A hub would listen at {} (HTTPS) and {} (HTTP).", listen.https, listen.http);
        }
        Config::Reference => print!("{}", configuration::reference()),
    }
    Ok(())
}
