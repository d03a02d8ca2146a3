// Redeems the ticket that the dashboard put into the fragment, then goes on to the printer.
// The fragment is removed first, so that the printer's own pages never find a ticket in the
// history. Where to go is decided by the hub, which accepts local paths only.
"use strict";

const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);

function fail(detail) {
  document.getElementById("title").textContent = "Your printer could not be opened";
  document.getElementById("detail").textContent = detail;
  document.getElementById("again").hidden = false;
}

async function enter() {
  const answer = await fetch("/.layerlock/redeem", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket: given.get("ticket") ?? "", next: given.get("next") ?? "/" }),
  });
  const told = await answer.json();
  if (answer.ok) {
    location.replace(new URL(told.next, location.origin));
  } else {
    fail(told.detail);
  }
}

enter().catch(() => fail("The hub could not be reached. Check your connection and try again."));
