//! The `layerlock` program: parse, trace, build, run. Its roles are subcommands.

mod arguments;
mod commands;
mod configuration;
mod context;
mod data;
mod log;
mod moment;
mod shutdown;
mod succession;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    arguments::{Arguments, Command, Config},
    configuration::Refused,
    context::Context,
    data::DataFolder,
    succession::Predecessor,
};

/// The usage or the configuration is wrong; nothing was started.
const WRONG_USAGE: u8 = 2;

/// The agent opens nothing until a person does something at its machine: starting it again is of
/// no use.
const CLOSED: u8 = 3;

/// What was asked for can't be done as it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUsage(String);

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("layerlock: {error:#}");
            exit_code(&error)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref() {
        Some(agent::Error::Closed(_)) => ExitCode::from(CLOSED),
        _ if error.is::<Refused>() || error.is::<WrongUsage>() => ExitCode::from(WRONG_USAGE),
        _ => ExitCode::FAILURE,
    }
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Command::Config(Config::Reference) = arguments.command {
        print!("{}", configuration::reference());
        return Ok(ExitCode::SUCCESS);
    }
    let predecessor = Predecessor::take();
    let data = DataFolder::named(arguments.data)?;
    let settings = configuration::load(arguments.config.as_deref(), data.configuration())?;
    log::start(&settings.log)?;
    if arguments.command.keeps_data() {
        data.make()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(
        arguments.command,
        Context::new(data, arguments.config, settings, predecessor),
    ))
}
