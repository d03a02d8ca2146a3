//! `layerlock audit`: what others on the network can see and do at printers.

mod progress;
mod text;

use std::{
    io::{IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::ExitCode,
    sync::Arc,
};

use ::audit::{
    LocalNetwork, LocalNetworks, MULTICAST, PRINTER_PORTS, Reach, Report, Scope, Severity, Survey,
    SystemNames, Target, TcpDial, local_networks,
};
use anyhow::Context as _;

use crate::{
    WrongUsage,
    arguments::{Audit, AuditFormat},
    context::Context,
};

/// Looks around and prints what was found.
pub(crate) async fn run(options: Audit, context: &Context) -> anyhow::Result<ExitCode> {
    let Some(survey) = survey(&options)? else {
        eprintln!("Nothing was looked at.");
        return Ok(ExitCode::SUCCESS);
    };
    let reach = Reach::new(Arc::new(TcpDial), Arc::clone(&context.clock));
    let bar = progress::bar();
    let report = survey.run(&reach, &SystemNames, |event| progress::show(&bar, event)).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| WrongUsage(error.to_string()))?;
    print(&report, options.format)?;
    if report.looked_at == 0 && !report.skipped.is_empty() {
        return Err(WrongUsage("none of these was looked at".to_owned()).into());
    }
    Ok(exit_code(&report))
}

/// What to look at. `None` when a person said no.
fn survey(options: &Audit) -> anyhow::Result<Option<Survey>> {
    let scope = if options.i_own_this { Scope::Owned } else { Scope::Private };
    let named = options.router.map(|to| anyhow::Ok((own_address_towards(to)?, to))).transpose()?;
    let mut routers: Vec<_> = named.into_iter().collect();
    let mut targets = options.targets.clone();
    if targets.is_empty() && routers.is_empty() {
        let networks = local_networks();
        if networks.home.is_empty() {
            let text = "this machine is in no private IPv4 network but those of containers, \
                        virtual machines and VPNs, if any; name what to look at";
            return Err(WrongUsage(text.to_owned()).into());
        }
        if !agreed(&networks, options.yes)? {
            return Ok(None);
        }
        let networks = networks.home;
        targets.extend(networks.iter().map(|local| Target::Network(local.network)));
        routers.extend(networks.iter().map(|local| (local.own, MULTICAST)));
    }
    Ok(Some(Survey { targets, scope, routers }))
}

/// Which of this machine's addresses a router sees. Nothing is sent.
fn own_address_towards(router: SocketAddr) -> anyhow::Result<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(router).with_context(|| format!("there is no way to {router}"))?;
    match socket.local_addr()? {
        SocketAddr::V4(own) => Ok(*own.ip()),
        SocketAddr::V6(_) => Ok(Ipv4Addr::UNSPECIFIED),
    }
}

/// Says what is going to be looked at, and asks whether it may.
fn agreed(networks: &LocalNetworks, yes: bool) -> anyhow::Result<bool> {
    eprintln!("This looks at the local networks of this machine:");
    for LocalNetwork { interface, own, network, cut } in &networks.home {
        let cut = if *cut { ", the part of a larger network around it" } else { "" };
        eprintln!("  {network} ({interface}, this machine is {own}{cut})");
    }
    for LocalNetwork { interface, network, .. } in &networks.left_out {
        eprintln!("  not {network} ({interface}: containers, virtual machines or a VPN)");
    }
    eprintln!(
        "Each address is tried on {} ports, and their routers are asked for port mappings. It only \
         reads.",
        PRINTER_PORTS.len()
    );
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let text = "nobody is here to ask; say --yes, or name what to look at";
        return Err(WrongUsage(text.to_owned()).into());
    }
    eprint!("Go on? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn print(report: &Report, format: AuditFormat) -> anyhow::Result<()> {
    let written = match format {
        AuditFormat::Text => text::write(report, &mut anstream::stdout().lock()),
        AuditFormat::Json => {
            let json = serde_json::to_string_pretty(report)?;
            writeln!(std::io::stdout().lock(), "{json}")
        }
    };
    match written {
        // A closed pipe (`| head`) is no error.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// See docs/audit.md.
fn exit_code(report: &Report) -> ExitCode {
    ExitCode::from(match report.worst() {
        None | Some(Severity::Note) if !report.unseen.is_empty() => 3,
        None | Some(Severity::Note) => 0,
        Some(Severity::Low) => 10,
        Some(Severity::Medium) => 11,
        Some(Severity::High) => 12,
    })
}
