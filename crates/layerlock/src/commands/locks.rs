//! `layerlock agent locks`, `pin` and `accept-risk`: the second lock of each printer, which only
//! somebody at the agent's machine decides about (RL-9).

use ::agent::Entry;
use anyhow::bail;
use futures_util::future::join_all;
use printer::Lock;

use crate::{context::Context, terminal};

/// Checks every printer and says what was found.
pub(crate) async fn list(context: &Context) -> anyhow::Result<()> {
    let home = context.agent_home()?;
    let printers = home.printers()?;
    let rows = printers.entries().iter().map(async |entry| {
        let lock = match home.lock(entry).await {
            Ok(lock) => lock.to_string(),
            Err(error) => format!("could not be checked: {error}"),
        };
        [entry.name.to_string(), entry.kind.to_string(), lock]
    });
    terminal::table(["NAME", "KIND", "LOCK"], &join_all(rows).await);
    Ok(())
}

/// Sets or removes a printer's PIN.
pub(crate) fn pin(printer: &str, remove: bool, context: &Context) -> anyhow::Result<()> {
    let home = context.agent_home()?;
    if remove {
        let entry = home.remove_pin(printer)?;
        println!("{} has no PIN any more. Without a login of its own it is closed.", entry.name);
        return Ok(());
    }
    home.printers()?.find(printer)?;
    let entry = home.set_pin(printer, &terminal::new_pin()?, context.random.as_ref())?;
    println!("Visitors from elsewhere are asked for this PIN before they reach {}.", entry.name);
    Ok(())
}

/// Opens a printer, or closes it again.
pub(crate) fn accept_risk(
    printer: &str,
    yes: bool,
    undo: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let home = context.agent_home()?;
    if undo {
        let entry = home.decline_risk(printer)?;
        println!("{} is closed to visitors from elsewhere if it asks for no login.", entry.name);
        return Ok(());
    }
    let name = home.printers()?.find(printer)?.name.clone();
    if !yes {
        confirm(name.as_str())?;
    }
    home.accept_risk(printer)?;
    println!("{name} is open to everybody with access at the hub.");
    println!("Take it back: layerlock agent accept-risk {:?} --undo", name.as_str());
    Ok(())
}

fn confirm(name: &str) -> anyhow::Result<()> {
    println!("{name} would have no second lock: whoever takes over an account or the hub could");
    println!(
        "heat and move it. A login at the printer or a PIN (layerlock agent pin) prevents that."
    );
    if terminal::answer(&format!("To accept this, type the printer's name ({name}): "))? != name {
        bail!("that isn't the printer's name; nothing was changed");
    }
    Ok(())
}

/// Says what to do about a printer that is closed.
pub(crate) async fn advise(entry: &Entry, context: &Context) -> anyhow::Result<()> {
    let lock = context.agent_home()?.lock(entry).await?;
    println!("Its lock: {lock}.");
    if lock == Lock::Open {
        println!("Set a login there, or: layerlock agent pin {:?}", entry.name.as_str());
    }
    Ok(())
}
