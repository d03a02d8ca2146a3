// Redeems the ticket that the dashboard put into the fragment, then goes on to the printer.
// The fragment is removed first, so that the printer's own pages never find a ticket in the
// history. Where to go is decided by the hub, which accepts local paths only.
"use strict";

const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);

// When this tab last asked the dashboard for another ticket.
const RENEWED = "layerlock-renewed";
const RENEW_AFTER = 60_000;

function fail(detail) {
  document.getElementById("title").textContent = "Your printer could not be opened";
  document.getElementById("detail").textContent = detail;
  document.getElementById("again").hidden = false;
}

// A ticket is worth nothing once the hub was restarted or the page was reloaded. The dashboard makes
// another one without a question, so nobody has to hear of it; but only once in a while.
function renew(next) {
  const last = Number(sessionStorage.getItem(RENEWED));
  if (Date.now() - last < RENEW_AFTER) return false;
  sessionStorage.setItem(RENEWED, String(Date.now()));
  location.replace(`/.layerlock/start?next=${encodeURIComponent(next)}`);
  return true;
}

async function enter() {
  const next = given.get("next") ?? "/";
  const answer = await fetch("/.layerlock/redeem", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket: given.get("ticket") ?? "", next }),
  });
  const told = await answer.json();
  if (answer.ok) {
    location.replace(new URL(told.next, location.origin));
  } else if (told.code !== "invalid-ticket" || !renew(next)) {
    fail(told.detail);
  }
}

enter().catch(() => fail("The hub could not be reached. Check your connection and try again."));
