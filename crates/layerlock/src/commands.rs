//! What each subcommand does.

mod agent;
mod audit;
mod config;
mod gate;
mod grant;
mod hash;
mod hub;
mod hub_admin;
mod locks;
mod printer;
mod setup_link;
mod up;
mod user;

use std::process::ExitCode;

use crate::{
    arguments::{Agent, Command, Hub},
    context::Context,
};

/// Does what was asked, until it is done or a signal stops it.
pub(crate) async fn run(command: Command, context: Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Audit(options) => return audit::run(options, &context).await,
        Command::Up(options) => Box::pin(up::run(options, context)).await,
        Command::Hub(Hub { listen, command: None }) => hub::run(listen, context).await,
        Command::Hub(Hub { command: Some(command), .. }) => hub_admin::run(command, &context).await,
        Command::Agent(Agent::Link(options)) => agent::link(options, &context).await,
        Command::Agent(Agent::Run(machine)) => agent::run(&machine, &context).await,
        Command::Agent(Agent::ConfirmMachine(machine)) => agent::confirm(&machine, &context),
        Command::Agent(Agent::ForgetKey) => agent::forget_key(&context),
        Command::Agent(Agent::Printer(command)) => printer::run(command, &context).await,
        Command::Agent(Agent::Locks) => locks::list(&context).await,
        Command::Agent(Agent::Pin { printer, remove }) => locks::pin(&printer, remove, &context),
        Command::Agent(Agent::AcceptRisk { printer, yes, undo }) => {
            locks::accept_risk(&printer, yes, undo, &context)
        }
        Command::Gate(options) => gate::run(options, &context).await,
        Command::Hash(options) => hash::run(options, &context),
        Command::SetupLink(listen) => setup_link::run(listen, context).await,
        Command::User(command) => user::run(command, &context).await,
        Command::Grant(command) => grant::run(command, &context).await,
        Command::Config(command) => config::run(command, &context.settings),
    }?;
    Ok(ExitCode::SUCCESS)
}
