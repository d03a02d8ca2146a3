//! `layerlock agent printer`: what this agent may reach.

use agent::NewPrinter;

use super::locks;
use crate::{
    arguments::{Printer, PrinterAdd},
    context::Context,
    terminal,
};

/// Does what was asked.
pub(crate) async fn run(command: Printer, context: &Context) -> anyhow::Result<()> {
    match command {
        Printer::Add(asked) => add(asked, context).await,
        Printer::List => list(context),
        Printer::Confirm { printer } => confirm(&printer, context).await,
        Printer::Remove { printer } => remove(&printer, context),
    }
}

async fn add(asked: PrinterAdd, context: &Context) -> anyhow::Result<()> {
    let printer = NewPrinter { name: asked.name, routes: asked.routes, ..asked.printer };
    let entry = add_to(&context.agent_home()?, printer, context).await?;
    println!("Added {} ({} at {}). Its id is {}.", entry.name, entry.kind, entry.url, entry.id);
    locks::advise(&entry, context).await
}

/// Adds a printer to an agent.
pub(crate) async fn add_to(
    home: &agent::Home,
    printer: NewPrinter,
    context: &Context,
) -> anyhow::Result<agent::Entry> {
    Ok(home.add_printer(printer, context.clock.as_ref(), context.random.as_ref()).await?)
}

fn list(context: &Context) -> anyhow::Result<()> {
    let printers = context.agent_home()?.printers()?;
    if printers.entries().is_empty() {
        println!(
            "No printers. Add one: layerlock agent printer add octoprint=http://127.0.0.1:5000"
        );
        return Ok(());
    }
    let rows: Vec<_> = printers
        .entries()
        .iter()
        .map(|entry| {
            let routes: Vec<_> =
                entry.routes.iter().map(|(prefix, url)| format!("{prefix}={url}")).collect();
            let url = entry.url.to_string();
            [
                entry.name.to_string(),
                entry.kind.to_string(),
                url,
                routes.join(" "),
                entry.id.to_string(),
            ]
        })
        .collect();
    terminal::table(["NAME", "KIND", "URL", "ROUTES", "ID"], &rows);
    Ok(())
}

async fn confirm(printer: &str, context: &Context) -> anyhow::Result<()> {
    let (entry, address) = context.agent_home()?.confirm_printer(printer).await?;
    println!("{} is at {address} from now on.", entry.name);
    Ok(())
}

fn remove(printer: &str, context: &Context) -> anyhow::Result<()> {
    let entry = context.agent_home()?.remove_printer(printer)?;
    println!("Removed {}. The agent no longer reaches {}.", entry.name, entry.url);
    Ok(())
}
