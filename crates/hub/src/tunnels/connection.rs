//! One agent's connection from the judgement of its key to its end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use backplane::Event;
use bytes::Bytes;
use edge::Stop;
use http::Method;
use http_body_util::Empty;
use printer::AgentId;
use store::Agent;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::broadcast::{Receiver, error::RecvError},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tunnel::{Limits, PublicKey, Tunnel};
use wire::{HelloAnswer, Refusal};

use super::{Error, bulk::Bulk, greeting, reports, rivals, successor, ticks::Ticks};
use crate::state::State;

/// How often it is written down that a connected agent was seen. A hub that is killed says
/// nothing any more.
const SEEN_EVERY: Duration = Duration::from_mins(5);

/// How long what is under way may take to finish when the agent stops, or has a successor.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// How long an agent may take to hear that it is to connect anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause after news that were missed, because there were too many. Every agent looks again
/// then, and one that causes the news shall not make them do so without end.
const AFTER_LAG: Duration = Duration::from_secs(1);

/// Serves the connection of an agent that has proven this key, until it ends or this hub says
/// goodbye.
pub(super) async fn serve<Io>(
    state: &State,
    io: Io,
    key: &PublicKey,
    address: IpAddr,
    parting: Stop,
) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let agent = match judge(state, key).await? {
        Ok(agent) => agent,
        Err(why) => return turn_away(state, io, address, why).await,
    };
    let unread = state.tunnels.unread.0.allowance(agent.owner, agent.id);
    let (tunnel, mut driver) = Tunnel::open_within(io, Limits::TUNNEL, unread).await?;
    let conversation = converse(state, &agent, &tunnel, address, &parting);
    let end = tokio::select! {
        end = &mut driver => return Ok(end?),
        end = conversation => end,
    };
    tunnel.close();
    driver.await?;
    end
}

/// The linked agent with this key, or why there is none.
async fn judge(state: &State, key: &PublicKey) -> Result<Result<Agent, Refusal>, Error> {
    Ok(match state.store.agent_by_key(key.as_spki()).await? {
        Some(agent) if agent.revoked.is_none() => Ok(agent),
        Some(_) => Err(Refusal::Revoked),
        None if state.store.is_former_key(key.as_spki()).await? => Err(Refusal::Replaced),
        None => Err(Refusal::Unknown),
    })
}

/// Tells a key that isn't linked why it is not let in. Always an error, and always this one,
/// however the other end takes it.
async fn turn_away<Io>(state: &State, io: Io, address: IpAddr, why: Refusal) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let _place = state.tunnels.links.turn_away(address).ok_or(Error::TooMany)?;
    if let Ok((tunnel, driver)) = Tunnel::open(io).await {
        tokio::select! {
            _ = driver => {}
            end = greeting::refuse(&tunnel, why) => return end,
        }
    }
    Err(Error::Refused(why))
}

async fn converse(
    state: &State,
    agent: &Agent,
    tunnel: &Tunnel,
    address: IpAddr,
    parting: &Stop,
) -> Result<(), Error> {
    // Listen first, look again second, let in third: an agent that is unlinked or replaced in
    // between never has a place.
    let events = state.backplane.events();
    let hello = greeting::welcome(tunnel).await?;
    rivals::check(state, agent, tunnel, &hello, address).await?;
    still_linked(state, agent).await?;
    let ticks = Arc::new(Ticks::new(Arc::clone(&state.clock), hello.tick));
    let end = tokio::select! {
        end = stay(state, agent, tunnel, &hello, ticks, parting) => end,
        end = revoked(state, agent, events) => end,
    };
    state.store.agent_seen(agent, &hello.version, state.clock.now()).await?;
    end
}

/// The agent is reachable for as long as this runs.
async fn stay(
    state: &State,
    agent: &Agent,
    tunnel: &Tunnel,
    hello: &HelloAnswer,
    ticks: Arc<Ticks>,
    parting: &Stop,
) -> Result<(), Error> {
    let (live, bulk) = (tunnel.clone(), Bulk::new(hello.bulk));
    let entry = state.tunnels.enter(agent, live, Arc::clone(&ticks), bulk, hello.succeeds);
    let arrival = state.backplane.presence().arrive(agent.id);
    tokio::select! {
        end = reports::follow(state, agent, tunnel, &arrival, &ticks) => end?,
        end = note_seen(state, agent, &hello.version) => end?,
        end = successor::tell(state, agent, tunnel) => end?,
        () = entry.succeeded() => {}
        () = farewell(tunnel, parting) => {}
    }
    // An agent that stops ends its reports first. It gets nothing new, and finishes what it has.
    drop(arrival);
    if timeout(LAST_ANSWERS, entry.finish()).await.is_err() {
        tracing::info!(agent = %agent.id, "an agent did not finish in time");
    }
    Ok(())
}

/// Waits until this hub has to say goodbye. If another process has taken its place, the agent is
/// asked at once to connect to that one; this connection stays for what is under way.
async fn farewell(tunnel: &Tunnel, parting: &Stop) {
    tokio::select! {
        biased;
        () = parting.leaving.cancelled() => move_on(tunnel).await,
        () = parting.emptied.cancelled() => {}
    }
    parting.emptied.cancelled().await;
}

async fn move_on(tunnel: &Tunnel) {
    let request = greeting::to_agent(Method::POST, wire::MOVE_PATH, Empty::<Bytes>::new());
    let Ok(request) = request else { return };
    match timeout(PATIENCE, tunnel.send(request)).await {
        Ok(Ok(answer)) if answer.status().is_success() => {}
        _ => tracing::info!("an agent could not be asked to connect anew"),
    }
}

async fn note_seen(state: &State, agent: &Agent, version: &str) -> Result<(), Error> {
    let mut ticks = interval(SEEN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        state.store.agent_seen(agent, version, state.clock.now()).await?;
    }
}

/// Waits until the agent isn't linked any more, or with another key than the one that it proved.
async fn revoked(state: &State, agent: &Agent, mut events: Receiver<Event>) -> Result<(), Error> {
    loop {
        still_linked(state, agent).await?;
        news_of(agent.id, &mut events).await;
    }
}

/// # Errors
/// [`Error::Refused`] when the agent isn't linked any more, or with another key than the one that
/// it proved.
async fn still_linked(state: &State, agent: &Agent) -> Result<(), Error> {
    match state.store.agent(agent.id).await? {
        Some(now) if now.key != agent.key => Err(Error::Refused(Refusal::Replaced)),
        Some(now) if now.revoked.is_none() => Ok(()),
        _ => Err(Error::Refused(Refusal::Revoked)),
    }
}

/// Waits until something may have changed about an agent.
async fn news_of(agent: AgentId, events: &mut Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::AgentChanged(changed)) if changed == agent => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return sleep(AFTER_LAG).await,
            // The backplane is gone, and with it the hub.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
