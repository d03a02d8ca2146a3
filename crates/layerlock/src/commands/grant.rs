//! `layerlock grant`: who may do what with which printer.

use hub::admin::{GrantRow, NewGrant};

use crate::{arguments::Grant, context::Context, moment, terminal};

/// Does what was asked.
pub(crate) async fn run(command: Grant, context: &Context) -> anyhow::Result<()> {
    let admin = context.admin().await?;
    match command {
        Grant::Add { email, printer, level, until } => {
            let until = until.map(|moment| moment.0);
            let row = admin.add_grant(NewGrant { email, printer, level, until }).await?;
            println!(
                "{} has {} on {}. The grant's id is {}.",
                row.email,
                row.level,
                on(&row),
                row.id
            );
        }
        Grant::List => list(admin.grants().await?),
        Grant::Remove { grant } => {
            admin.remove_grant(grant).await?;
            println!("The grant is gone. Pages opened under it answer no more requests.");
        }
    }
    Ok(())
}

fn list(grants: Vec<GrantRow>) {
    if grants.is_empty() {
        println!("No grants. Owners always have all rights on their own printers.");
        return;
    }
    let rows: Vec<_> = grants
        .into_iter()
        .map(|row| {
            let until = row.until.map(moment::to_text).unwrap_or_default();
            [row.id.to_string(), row.email.to_string(), on(&row), row.level.to_string(), until]
        })
        .collect();
    terminal::table(["ID", "EMAIL", "PRINTER", "LEVEL", "UNTIL"], &rows);
}

fn on(row: &GrantRow) -> String {
    match &row.printer {
        Some((_, name)) => name.to_string(),
        None => "all of an owner's printers".to_owned(),
    }
}
