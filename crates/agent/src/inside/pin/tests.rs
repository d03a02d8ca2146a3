//! What a visitor, another visitor and a hostile hub try at the door of a printer.

use credentials::Password;
use http::{Request, header::LOCATION};
use http_body_util::BodyExt;
use printer::{AccountId, OsRandom, PrinterId, SessionId, SystemClock};
use tokio::sync::mpsc::UnboundedReceiver;
use wire::{Nonce, RELAYED_HEADER, Stamp};

use super::*;
use crate::{
    Printers,
    choices::Choices,
    inside::tests::{
        ACCEPTED, answer, code, fake_open_printer, fake_printer, inside, inside_with, relayed,
        visit,
    },
};

const PIN: &str = "482915";

fn locked(pin: &str) -> String {
    let hash = PasswordHash::new(&pin.parse::<Password>().unwrap(), &OsRandom);
    format!("[ID]\npin = {:?}\n", hash.as_str())
}

/// The inside of an agent with one open printer that has a PIN.
struct Room {
    inside: Inside,
    id: PrinterId,
    questions: UnboundedReceiver<String>,
}

impl Room {
    async fn with_pin() -> Self {
        let (address, questions) = fake_open_printer().await;
        let (inside, ids) = inside_with(&[format!("http://{address}")], &locked(PIN)).await;
        Self { inside, id: ids[0], questions }
    }

    /// A visit to the printer with a token, if there is one.
    async fn visit(&self, who: &Relayed, token: Option<&HeaderValue>) -> Response<Body> {
        let mut request = visit(&wire::printer_authority(self.id), "/api/job", who);
        token.map(|token| request.headers_mut().insert(PIN_HEADER, token.clone()));
        answer(&self.inside, request).await
    }

    async fn page(&self, who: &Relayed, path: &str) -> Response<Body> {
        answer(&self.inside, visit(&wire::printer_authority(self.id), path, who)).await
    }

    async fn type_pin(&self, who: &Relayed, pin: &str) -> Response<Body> {
        let tick = self.inside.memory.fresh.tick();
        let stamp = Some(Stamp { tick, nonce: Nonce::new(&OsRandom) });
        let who = Relayed { stamp, ..who.clone() };
        let request =
            Request::post(format!("https://{}{PIN_PATH}", wire::printer_authority(self.id)))
                .header(RELAYED_HEADER, who.encode())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(forward::full(format!("pin={pin}&next=%2Ffiles")))
                .unwrap();
        answer(&self.inside, request).await
    }

    async fn token(&self, who: &Relayed) -> HeaderValue {
        let entered = self.type_pin(who, PIN).await;
        assert_eq!(
            (entered.status(), &entered.headers()[LOCATION]),
            (StatusCode::SEE_OTHER, &"/files".parse().unwrap())
        );
        entered.headers()[PIN_HEADER].clone()
    }
}

fn refusal(response: &Response<Body>) -> (u16, &str) {
    (response.status().as_u16(), code(response))
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

// covers: RL-9
#[tokio::test]
async fn a_printer_without_a_login_is_closed_until_its_owner_decides() {
    let (address, mut questions) = fake_open_printer().await;
    let urls = [format!("http://{address}")];
    let (closed, ids) = inside(&urls).await;
    let authority = wire::printer_authority(ids[0]);
    for path in ["/", "/api/job", "/webcam/"] {
        let refused = answer(&closed, visit(&authority, path, &relayed())).await;
        assert_eq!(refusal(&refused), (403, "printer-open"), "{path}");
    }
    assert!(questions.try_recv().is_err(), "the printer was asked");
    let (accepted, ids) = inside_with(&urls, ACCEPTED).await;
    let visit = visit(&wire::printer_authority(ids[0]), "/api/job", &relayed());
    assert_eq!(answer(&accepted, visit).await.status(), 200);
}

// covers: RL-9
#[tokio::test]
async fn open_printer_reached_by_websocket() {
    let (address, mut questions) = fake_open_printer().await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    let tick = inside.memory.fresh.tick();
    let stamp = Some(Stamp { tick, nonce: Nonce::new(&OsRandom) });
    let relayed = Relayed { stamp, ..relayed() };
    let mut request = visit(&wire::printer_authority(ids[0]), "/websocket", &relayed);
    *request.method_mut() = Method::CONNECT;
    assert_eq!(refusal(&answer(&inside, request).await), (403, "printer-open"));
    assert!(questions.try_recv().is_err(), "the printer was asked");
}

// covers: RL-9
#[tokio::test]
async fn what_could_not_be_checked_is_closed() {
    let (address, mut questions) =
        fake_printer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let mut printers = Printers::default();
    let new = format!("octoprint=http://{address}").parse().unwrap();
    let id = printers.add(new, &SystemClock::new(), &OsRandom).unwrap().id;
    let (inside, _) = inside(&[]).await;
    inside.printers.apply(&printers, &Choices::default());
    // Nothing has run since: the printer can't have been checked.
    let early =
        Box::pin(inside.clone().answer(visit(&wire::printer_authority(id), "/a", &relayed())));
    assert_eq!(refusal(&early.await), (403, "printer-unchecked"));
    assert!(questions.try_recv().is_err());
}

// covers: RL-9
#[tokio::test]
async fn who_knows_the_pin_gets_in_and_the_printer_never_hears_of_it() {
    let mut room = Room::with_pin().await;
    let who = relayed();
    assert_eq!(refusal(&room.visit(&who, None).await), (403, "pin-needed"));
    let page = room.page(&who, "/.layerlock/pin?next=%2Ffiles").await;
    assert_eq!(refusal(&page), (200, ""));
    assert!(text(page).await.contains("value=\"/files\""));
    let token = room.token(&who).await;
    assert_eq!(room.visit(&who, Some(&token)).await.status(), 200);

    // pin_reaches_printer_or_log
    let head = room.questions.recv().await.unwrap();
    assert!(head.starts_with("GET /api/job") && !head.contains("layerlock"), "{head}");
    assert!(!head.contains(token.to_str().unwrap()) && !head.contains(PIN), "{head}");
    assert!(room.questions.try_recv().is_err(), "the page or the form reached the printer");
    assert_eq!(refusal(&room.page(&who, "/.layerlock/other").await), (404, "no-such-route"));
    assert!(room.questions.try_recv().is_err(), "a path of ours reached the printer");
}

// covers: RL-9
#[tokio::test]
async fn pin_cookie_of_another_person() {
    let room = Room::with_pin().await;
    let (clock, who) = (SystemClock::new(), relayed());
    let token = room.token(&who).await;
    assert_eq!(room.visit(&who, Some(&token)).await.status(), 200);
    let account = AccountId::new(&clock, &OsRandom);
    let other_person = Relayed { account, ..who.clone() };
    let lease = SessionId::new(&clock, &OsRandom);
    let other_sign_in = Relayed { lease, ..who.clone() };
    for thief in [other_person, other_sign_in] {
        assert_eq!(refusal(&room.visit(&thief, Some(&token)).await), (403, "pin-needed"));
    }
}

// covers: RL-9
#[tokio::test]
async fn hub_claims_pin_was_given() {
    let mut room = Room::with_pin().await;
    let who = relayed();
    let token = room.token(&who).await;
    let invented = Ticket::new(&OsRandom).encode();
    for claim in ["", "true", PIN, &invented, "ok"] {
        let claim = HeaderValue::from_str(claim).unwrap();
        assert_eq!(refusal(&room.visit(&who, Some(&claim)).await), (403, "pin-needed"));
    }
    let mut two = visit(&wire::printer_authority(room.id), "/api/job", &who);
    for value in [token, HeaderValue::from_str(&invented).unwrap()] {
        two.headers_mut().append(PIN_HEADER, value);
    }
    assert_eq!(refusal(&answer(&room.inside, two).await), (403, "pin-needed"));
    let mut told = visit(&wire::printer_authority(room.id), "/api/job", &who);
    let mut json: serde_json::Value = serde_json::from_str(&who.encode()).unwrap();
    json["pin"] = true.into();
    json["lock"] = "accepted".into();
    told.headers_mut().insert(RELAYED_HEADER, json.to_string().parse().unwrap());
    assert_eq!(refusal(&answer(&room.inside, told).await), (403, "pin-needed"));
    assert!(room.questions.try_recv().is_err());
}

// covers: RL-9
#[tokio::test]
async fn pin_guessed_by_one_person() {
    let room = Room::with_pin().await;
    let who = relayed();
    for _ in 0..5 {
        let wrong = room.type_pin(&who, "482916").await;
        assert_eq!(wrong.status(), 403);
        assert!(!wrong.headers().contains_key(PIN_HEADER));
    }
    // Another tunnel or another sign-in is still the same person.
    let lease = SessionId::new(&SystemClock::new(), &OsRandom);
    let again = room.type_pin(&Relayed { lease, ..who }, PIN).await;
    assert_eq!(again.status(), 429, "the right one isn't looked at either");
    assert!(text(again).await.contains("Please wait 15 minutes."));
    let other = Relayed { account: AccountId::new(&SystemClock::new(), &OsRandom), ..relayed() };
    room.token(&other).await;
}

// covers: RL-9
#[tokio::test]
async fn a_pin_typed_twice_by_a_replay_is_refused() {
    let room = Room::with_pin().await;
    let request = Request::post(format!("https://{}{PIN_PATH}", wire::printer_authority(room.id)))
        .header(RELAYED_HEADER, relayed().encode())
        .body(forward::full(format!("pin={PIN}")))
        .unwrap();
    assert_eq!(refusal(&answer(&room.inside, request).await), (400, "no-stamp"));
}

// covers: RL-9
#[tokio::test]
async fn a_new_pin_ends_what_the_old_one_opened() {
    let (address, questions) = fake_open_printer().await;
    let mut printers = Printers::default();
    let new = format!("octoprint=http://{address}").parse().unwrap();
    let id = printers.add(new, &SystemClock::new(), &OsRandom).unwrap().id;
    let (inside, _) = inside(&[]).await;
    let room = Room { inside, id, questions };
    let decide = |pin| {
        let choices = locked(pin).replace("[ID]", &format!("[{id}]"));
        room.inside.printers.apply(&printers, &Choices::parse(&choices).unwrap());
    };
    decide(PIN);
    let who = relayed();
    let token = room.token(&who).await;
    decide("918273");
    assert_eq!(refusal(&room.visit(&who, Some(&token)).await), (403, "pin-needed"));
    assert_eq!(room.type_pin(&who, PIN).await.status(), 403);
}
