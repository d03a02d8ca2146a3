//! The dashboard's live news (server-sent events): the list of printers, whenever it changes. An
//! event on the backplane is only the reason to look again; what is sent is always read afresh,
//! with the rights of that moment.

use edge::Asked;
use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::sse::{Event as Message, KeepAlive, Sse},
};
use backplane::{Event, Lease};
use futures_util::Stream as AnyStream;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep, sleep_until},
};
use utoipa_axum::routes;

use super::{Route, printers, streams::Stream};
use crate::{policy::Action, problem::ApiError, session::Visitor, state::Shared};

/// How often to look even if nothing was heard: for grants that end by date, and for what other
/// programs changed in the store.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const PING_EVERY: Duration = Duration::from_secs(15);

/// The least time between two looks, however much there is to hear: what happens in between is
/// found by the next one.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Action::ListPrinters, routes!(follow))]
}

/// Follow one's printers. Event `printers`: the same list as `GET /api/v1/printers`, at once and
/// whenever it changes. Ends when the session does.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "events", tag = "printers",
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn follow(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Extension(asked): Extension<Asked>,
) -> Result<Sse<impl AnyStream<Item = Result<Message, Infallible>>>, ApiError> {
    let stream = hub.streams.open(visitor.account.id, visitor.session.id).ok_or_else(too_many)?;
    // Before the session is looked at again, so that no sign-out falls in between.
    let lease = hub.backplane.leases().hold(visitor.session.id);
    let news = hub.backplane.events();
    let looked = Instant::now();
    let follower =
        Follower { hub, visitor, asked, lease, news, sent: None, looked, _stream: stream };
    let messages = futures_util::stream::unfold(follower, Follower::next);
    Ok(Sse::new(messages).keep_alive(KeepAlive::new().interval(PING_EVERY).text("ping")))
}

struct Follower {
    hub: Shared,
    visitor: Visitor,
    asked: Asked,
    lease: Lease,
    news: Receiver<Event>,
    sent: Option<String>,
    looked: Instant,
    _stream: Stream,
}

impl Follower {
    /// The next message, once the list differs from the one that was sent; none when it is over.
    async fn next(mut self) -> Option<(Result<Message, Infallible>, Self)> {
        loop {
            if self.sent.is_some() {
                self.wait().await?;
            }
            let list = self.look().await?;
            if self.sent.as_ref() != Some(&list) {
                let message = Message::default().event("printers").data(&list);
                self.sent = Some(list);
                return Some((Ok(message), self));
            }
        }
    }

    /// Waits for a reason to look again; none if the session has ended, or the hub is to.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            biased;
            () = self.lease.ended() => None,
            () = self.hub.backplane.stopping().cancelled() => None,
            () = sleep(LOOK_EVERY) => Some(()),
            heard = async {
                sleep_until(self.looked + PAUSE).await;
                reason(&mut self.news, &self.visitor).await
            } => heard,
        }
    }

    /// The list as it is now; none if the session isn't valid any more or the store is lost, for
    /// then the browser had better connect again.
    async fn look(&mut self) -> Option<String> {
        let idle = self.hub.config.sessions.idle.duration();
        let now = self.hub.clock.now();
        let found = self.hub.store.session_by_token(&self.visitor.digest, now, idle).await;
        let (_, account) = found.ok()??;
        self.looked = Instant::now();
        let list = printers::seen_by(&self.hub, account.id, &self.asked).await.ok()?;
        if self.lease.is_ended() {
            return None;
        }
        serde_json::to_string(&list).ok()
    }
}

/// Waits for news that may change the list of this visitor.
async fn reason(news: &mut Receiver<Event>, visitor: &Visitor) -> Option<()> {
    loop {
        match news.recv().await {
            Ok(Event::PrintersChanged(_) | Event::AgentChanged(_)) | Err(RecvError::Lagged(_)) => {
                return Some(());
            }
            Ok(Event::GrantsChanged(account)) if account == visitor.account.id => return Some(()),
            Ok(_) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

fn too_many() -> ApiError {
    let detail = "You have too many pages open.";
    ApiError::too_many("too-many-streams", detail, PING_EVERY)
}
