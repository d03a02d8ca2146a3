//! `layerlock config`: checking and explaining the configuration.

use crate::{
    arguments::Config,
    configuration::{self, Settings},
};

/// Does what was asked. By now the configuration has been read, so it is right.
pub(crate) fn run(command: Config, settings: &Settings) {
    match command {
        Config::Check => {
            let listen = &settings.hub.listen;
            println!("The configuration is right.");
            println!("A hub would listen at {} (HTTPS) and {} (HTTP).", listen.https, listen.http);
        }
        Config::Reference => print!("{}", configuration::reference()),
    }
}
