//! The report for people: the gravest first, each with what it means and what to do. Colour comes
//! off where nobody wants it (`NO_COLOR`, no terminal).

use std::{
    fmt::Write as _,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
};

use anstyle::{AnsiColor, Style};
use audit::{Finding, Host, Report, Router, Service, Severity};

/// Silent addresses that are listed by name.
const LISTED: usize = 16;

/// Writes it.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let findings = report.findings();
    for (address, finding) in &findings {
        self::finding(*address, finding, out)?;
    }
    if findings.is_empty() && report.looked_at > 0 {
        let of = if report.unseen.is_empty() { "" } else { " in what was seen" };
        writeln!(out, "Nothing was found{of} that ought to be mended.\n")?;
    }
    for host in &report.hosts {
        self::host(host, out)?;
    }
    for router in &report.routers {
        self::router(router, out)?;
    }
    summary(report, out)
}

fn finding(address: IpAddr, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let style = style(finding.severity);
    let place = match finding.port {
        Some(port) => SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    };
    let severity = finding.severity.to_string().to_uppercase();
    writeln!(out, "{style}{severity:6}{style:#}  {place}  {}", finding.title)?;
    writeln!(out, "        {}", finding.meaning)?;
    writeln!(out, "        Fix: {}", finding.fix)?;
    for source in &finding.sources {
        writeln!(out, "        See: {source}")?;
    }
    writeln!(out)
}

fn style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Note => AnsiColor::Cyan,
        Severity::Low => AnsiColor::Blue,
        Severity::Medium => AnsiColor::Yellow,
        Severity::High => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn host(host: &Host, out: &mut impl Write) -> io::Result<()> {
    let name = host.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let services: Vec<_> = host.services.iter().map(service).collect();
    let services = if services.is_empty() {
        "no open port that was tried".to_owned()
    } else {
        services.join(", ")
    };
    writeln!(out, "{}{name}: {services}", host.address)?;
    for sentence in &host.unsure {
        writeln!(out, "    Not sure: {sentence}")?;
    }
    Ok(())
}

fn service(service: &Service) -> String {
    let mut text = format!("{} {}", service.port, service.software);
    if let Some(version) = &service.version {
        let _ = write!(text, " {version}");
    }
    if service.encrypted {
        text.push_str(" (TLS)");
    }
    text
}

fn router(router: &Router, out: &mut impl Write) -> io::Result<()> {
    let count = router.mappings.len();
    let mappings = if count == 1 { "port mapping" } else { "port mappings" };
    writeln!(out, "{} (router {}): {count} {mappings}", router.address, router.name)?;
    for mapping in &router.mappings {
        let state = if mapping.enabled { "" } else { ", off" };
        let to = SocketAddr::new(mapping.to, mapping.to_port);
        let (protocol, port) = (mapping.protocol, mapping.external_port);
        writeln!(out, "    {protocol} {port} -> {to} \"{}\"{state}", mapping.description)?;
    }
    for sentence in &router.unsure {
        writeln!(out, "    Not sure: {sentence}.")?;
    }
    Ok(())
}

fn summary(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let Report { looked_at, hosts, silent, .. } = report;
    let addresses = if *looked_at == 1 { "address" } else { "addresses" };
    writeln!(out, "\nLooked at {looked_at} {addresses}; {} answered.", hosts.len())?;
    if !silent.is_empty() {
        let listed: Vec<_> = silent.iter().take(LISTED).map(ToString::to_string).collect();
        let more = silent.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(
            out,
            "These did not answer (off, not there, or behind a firewall): {}{more}.",
            listed.join(", ")
        )?;
    }
    for skipped in &report.skipped {
        writeln!(out, "Not looked at: {}: {}.", skipped.target, skipped.reason)?;
    }
    for sentence in &report.not_checked {
        writeln!(out, "Not checked: {sentence}")?;
    }
    for sentence in &report.unseen {
        writeln!(out, "Not seen: {sentence}")?;
    }
    Ok(())
}
