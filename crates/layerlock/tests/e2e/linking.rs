//! Hub and agent as two processes, linked by a code from the dashboard.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    client::{Client, Protocol},
    layerlock::{self, Layerlock},
    process::Process,
    wait,
};

use crate::{
    house::{OWNER, SOON, printer, text},
    workshop::Workshop,
};

/// A hub with its first account, and a folder for an agent that isn't linked yet.
pub(crate) struct TwoMachines {
    pub(crate) hub: Layerlock,
    pub(crate) owner: Client,
    pub(crate) agent: TempDir,
    pub(crate) hub_data: TempDir,
}

impl TwoMachines {
    pub(crate) async fn start() -> Result<Self> {
        let (hub_data, agent) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let mut hub = Layerlock::hub(hub_data.path()).await?;
        let owner = Client::new(&hub.url(), Protocol::Http2)?;
        let token = hub.setup_token().await?;
        ensure!(owner.set_up(&token, OWNER.0, OWNER.1).await?.status == 201, "no account");
        Ok(Self { hub, owner, agent, hub_data })
    }

    /// A link offer, and the words of the command to paste.
    pub(crate) async fn offer(&self) -> Result<(String, Vec<String>)> {
        self.offer_at("/api/v1/links").await
    }

    /// The same, at the place where such offers are made.
    pub(crate) async fn offer_at(&self, path: &str) -> Result<(String, Vec<String>)> {
        let offer = self.owner.send(Method::POST, path, Some(&json!({}))).await?;
        ensure!(offer.status == 201, "{offer:?}");
        let offer = offer.json()?;
        let command = text(&offer, "command")?;
        let words = command.split_whitespace().skip(1).map(str::to_owned).collect();
        Ok((text(&offer, "id")?, words))
    }

    /// An agent that is linked and runs, with this printer.
    pub(crate) async fn linked(&self, printer_url: &str) -> Result<Process> {
        let offer = self.offer().await?;
        self.linked_by(offer, printer_url).await
    }

    /// The same by an offer, with the words of its command as the person typed them.
    pub(crate) async fn linked_by(
        &self,
        (id, command): (String, Vec<String>),
        printer_url: &str,
    ) -> Result<Process> {
        let mut link = self.agent(&command)?;
        let words = printed_words(&mut link).await?;
        self.offer_in(&id, "claimed").await?;
        ensure!(self.approve(&id, &words).await? == 200, "the link isn't approved");
        ensure!(link.end(SOON).await?.success(), "{}", link.output());
        let url = format!("octoprint={printer_url}");
        layerlock::run(self.agent.path(), &["agent", "printer", "add", &url]).await?;
        layerlock::start(self.agent.path(), &["agent", "run"])
    }

    pub(crate) fn agent(&self, words: &[String]) -> Result<Process> {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        layerlock::start(self.agent.path(), &words)
    }

    /// The offer, once it is in this state.
    pub(crate) async fn offer_in(&self, id: &str, state: &str) -> Result<Value> {
        wait::until(&format!("the offer to be {state}"), SOON, || async {
            let offer = self.owner.get(&format!("/api/v1/links/{id}")).await.ok()?.json().ok()?;
            (offer.get("state")? == state).then_some(offer)
        })
        .await
    }

    pub(crate) async fn approve(&self, id: &str, words: &str) -> Result<u16> {
        let path = format!("/api/v1/links/{id}/approve");
        let answer = self.owner.send(Method::POST, &path, Some(&json!({"words": words}))).await?;
        Ok(answer.status)
    }
}

/// The command for an agent, but with another address of the hub.
pub(crate) fn at(url: &str, command: Vec<String>) -> Vec<String> {
    let is_address = |word: &str| word.starts_with("https://");
    command.into_iter().map(|word| if is_address(&word) { url.to_owned() } else { word }).collect()
}

/// The words that `layerlock agent link` prints for the person to compare.
pub(crate) async fn printed_words(link: &mut Process) -> Result<String> {
    let four_words = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let all_words = words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase()));
        (words.len() == 4 && all_words && line.starts_with("    ")).then(|| words.join(" "))
    };
    link.line("the agent's words", SOON, four_words).await
}

// covers: LK-1, RL-1, RL-6
#[tokio::test]
async fn an_agent_is_linked_by_code_and_carries_a_page() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let (id, command) = machines.offer().await?;
    let mut link = machines.agent(&command)?;
    let words = printed_words(&mut link).await?;
    let offer = machines.offer_in(&id, "claimed").await?;
    let choices = offer.get("choices").and_then(Value::as_array).context("no choices")?;
    assert_eq!(choices.len(), 3);
    ensure!(choices.iter().any(|choice| *choice == *words), "{words:?} is not in {choices:?}");
    assert_eq!(machines.approve(&id, &words).await?, 200);
    ensure!(link.end(SOON).await?.success(), "{}", link.output());

    let url = format!("octoprint={}", workshop.url());
    layerlock::run(machines.agent.path(), &["agent", "printer", "add", &url]).await?;
    let _agent = layerlock::start(machines.agent.path(), &["agent", "run"])?;
    let printer = printer(&machines.owner, true).await?;
    let origin = machines.owner.open(&printer).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");
    Ok(())
}

// covers: LK-1
#[tokio::test]
async fn wrong_words_link_nobody() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (id, command) = machines.offer().await?;
    let mut link = machines.agent(&command)?;
    let words = printed_words(&mut link).await?;
    let offer = machines.offer_in(&id, "claimed").await?;
    let choices = offer.get("choices").and_then(Value::as_array).context("no choices")?;
    let other = choices.iter().filter_map(Value::as_str).find(|choice| **choice != words);
    assert_eq!(machines.approve(&id, other.context("no other words")?).await?, 409);
    ensure!(!link.end(SOON).await?.success(), "linked all the same");
    ensure!(link.output().contains("turned down"), "{}", link.output());
    assert_eq!(machines.approve(&id, &words).await?, 409, "a declined offer is over");
    Ok(())
}

// covers: LK-1, RL-6
#[tokio::test]
async fn another_hub_on_the_way_is_noticed() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (_, mut command) = machines.offer().await?;
    let key = command.last_mut().context("no key")?;
    let first = if key.starts_with('A') { "B" } else { "A" };
    key.replace_range(..1, first);
    let mut link = machines.agent(&command)?;
    ensure!(!link.end(SOON).await?.success());
    ensure!(link.output().contains("can't prove the hub's key"), "{}", link.output());
    Ok(())
}

// covers: LK-1
#[tokio::test]
async fn a_wrong_code_is_refused_and_its_owner_sees_it() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (id, command) = machines.offer().await?;
    let wrong: Vec<_> = command.iter().map(|word| guess(&id, word)).collect();
    let mut link = machines.agent(&wrong)?;
    ensure!(!link.end(SOON).await?.success());
    ensure!(link.output().contains("the code is wrong or has expired"), "{}", link.output());
    let offer = machines.owner.get(&format!("/api/v1/links/{id}")).await?.json()?;
    assert_eq!(offer.get("wrong_codes"), Some(&json!(1)));
    Ok(())
}

/// Another code for the same offer.
fn guess(id: &str, word: &str) -> String {
    match word.strip_prefix(&format!("{id}-")) {
        Some("000000") => format!("{id}-000001"),
        Some(_) => format!("{id}-000000"),
        None => word.to_owned(),
    }
}

// covers: LK-3, RL-6
#[tokio::test]
async fn an_unlinked_agent_is_turned_away() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (id, command) = machines.offer().await?;
    let mut link = machines.agent(&command)?;
    let words = printed_words(&mut link).await?;
    machines.offer_in(&id, "claimed").await?;
    assert_eq!(machines.approve(&id, &words).await?, 200);
    ensure!(link.end(SOON).await?.success());
    let mut agent = layerlock::start(machines.agent.path(), &["agent", "run"])?;
    agent.line("the connection", SOON, |line| line.contains("Connected").then_some(())).await?;

    let agents = machines.owner.get("/api/v1/agents").await?.json()?;
    let agent_id = text(agents.get(0).context("no agent")?, "id")?;
    let path = format!("/api/v1/agents/{agent_id}");
    assert_eq!(machines.owner.send(Method::DELETE, &path, None).await?.status, 204);

    ensure!(!agent.end(SOON).await?.success(), "the agent goes on");
    ensure!(agent.output().contains("unlinked at the hub"), "{}", agent.output());
    drop(machines.hub);
    Ok(())
}
