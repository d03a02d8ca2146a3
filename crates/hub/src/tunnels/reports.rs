//! What an agent says about its printers while it is connected. Each report is complete. It is
//! stored first and told afterwards, so that those who listen find the names. What an agent says
//! costs everyone who listens, so a report without news is told to nobody, and none is read before
//! its time.

use std::{collections::HashMap, time::Duration};

use backplane::Arrival;
use bytes::Bytes;
use http::Method;
use http_body_util::Empty;
use printer::{Lock, PrinterId, Random};
use store::{Agent, ReportedPrinter};
use tokio::time::{sleep, timeout};
use tunnel::Tunnel;
use wire::{PrinterReport, Report};

use super::{Error, greeting::to_agent, lines::Lines, ticks::Ticks};
use crate::state::State;

/// How long an agent may take to begin its reports.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause after every report. An agent that reports without end shall keep neither the store
/// busy nor those who listen.
const PAUSE: Duration = Duration::from_millis(200);

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Listens to an agent's reports until they end.
pub(super) async fn follow(
    state: &State,
    agent: &Agent,
    tunnel: &Tunnel,
    arrival: &Arrival,
    ticks: &Ticks,
) -> Result<(), Error> {
    let request = to_agent(Method::GET, wire::EVENTS_PATH, Empty::<Bytes>::new())?;
    let answer = timeout(PATIENCE, tunnel.send(request)).await.map_err(|_| Error::Slow)??;
    if !answer.status().is_success() {
        return Err(Error::Nonsense("it has no reports"));
    }
    let mut lines = Lines::new(answer.into_body());
    let (mut told, mut names) = (None, HashMap::new());
    while let Some(line) = lines.next().await? {
        let report = parse(&line)?;
        report.tick.into_iter().for_each(|tick| ticks.hear(tick));
        let said = Said::of(&report);
        if told.as_ref() != Some(&said) {
            if told.as_ref().is_none_or(|told: &Said| told.printers != said.printers) {
                names = store(state, agent, &said.printers).await?;
            }
            let online = said.online.iter().filter_map(|id| names.get(id));
            let locks = said.locks.iter().filter_map(|(id, lock)| Some((*names.get(id)?, *lock)));
            arrival.report(online.copied().collect(), locks.collect());
            told = Some(said);
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// What a report says about printers.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    printers: Vec<ReportedPrinter>,
    online: Vec<PrinterId>,
    locks: HashMap<PrinterId, Lock>,
}

impl Said {
    fn of(report: &Report) -> Self {
        Self { printers: printers(report), online: online(report), locks: locks(report) }
    }
}

fn parse(line: &[u8]) -> Result<Report, Error> {
    let report: Report = serde_json::from_slice(line).map_err(|_| Error::Nonsense("a report"))?;
    if report.printers.len() > wire::MAX_PRINTERS {
        return Err(Error::Nonsense("it reports too many printers"));
    }
    Ok(report)
}

/// Our id of each printer by the agent's own.
type Names = HashMap<PrinterId, PrinterId>;

async fn store(state: &State, agent: &Agent, printers: &[ReportedPrinter]) -> Result<Names, Error> {
    let labels = || label(state.random.as_ref());
    let now = state.clock.now();
    let stored = state.store.report_printers(agent, printers, &labels, now).await?;
    Ok(stored.into_iter().map(|printer| (printer.at_agent, printer.id)).collect())
}

fn printers(report: &Report) -> Vec<ReportedPrinter> {
    let reported = |printer: &PrinterReport| ReportedPrinter {
        id: printer.id,
        name: printer.name.clone(),
        kind: printer.kind,
    };
    report.printers.iter().map(reported).collect()
}

fn online(report: &Report) -> Vec<PrinterId> {
    report.printers.iter().filter(|printer| printer.online).map(|printer| printer.id).collect()
}

fn locks(report: &Report) -> HashMap<PrinterId, Lock> {
    report.printers.iter().filter_map(|printer| Some((printer.id, printer.lock?))).collect()
}

/// A new label for a printer's origin: 80 random bits in base32.
fn label(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let bits = u128::from_be_bytes(bytes);
    let letter = |place: u32| usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
    (0..16).filter_map(|place| BASE32.get(letter(place))).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;
    use crate::origins::is_label;

    // covers: RL-2
    #[test]
    fn labels_are_random_names() {
        let label = || label(&OsRandom);
        assert!(is_label(&label()));
        assert_ne!(label(), label());
    }

    #[test]
    fn agent_reports_nonsense() {
        let many = format!(
            "{{\"printers\":[{}]}}",
            vec![
                "{\"id\":\"018f3c1e-7b7e-7000-8000-000000000000\",\"name\":\"a\",\
                 \"kind\":\"octoprint\",\"online\":true}";
                wire::MAX_PRINTERS + 1
            ]
            .join(",")
        );
        for line in ["", "[]", "{\"printers\":[{}]}", "\u{0}", &many] {
            assert!(parse(line.as_bytes()).is_err());
        }
        assert!(parse(b"{\"printers\":[]}").is_ok());
    }
}
