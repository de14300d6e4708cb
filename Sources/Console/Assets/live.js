// News from the server: one stream per person, shared by all tabs. Every event is the whole state,
// so nothing is lost by a gap. Pages listen for "live" on the document.
import { all } from "./app.js";

const channel = new BroadcastChannel("barnstorm-live");
let state = null;
let version = "";

function tell(next) {
  const text = JSON.stringify(next);
  if (text === version) return;
  version = text;
  state = next;
  for (const badge of all("[data-live=needs]")) {
    badge.textContent = next.needs;
    badge.hidden = next.needs === 0;
  }
  document.dispatchEvent(new CustomEvent("live", { detail: state }));
}
channel.onmessage = (event) => tell(event.data);

/** Holds the stream until `stop` says so; falls back to asking every 15 seconds. */
function stream(stop) {
  let source;
  let poll = 0;
  const take = (next) => {
    tell(next);
    channel.postMessage(next);
  };
  async function ask() {
    try {
      const answer = await fetch("/events", { headers: { Accept: "application/json" } });
      if (answer.ok) take(await answer.json());
      if (answer.status === 401) clearInterval(poll);
    } catch {
      /* no signal: the next round asks again */
    }
  }
  if ("EventSource" in window) {
    source = new EventSource("/events");
    source.addEventListener("state", (event) => {
      clearInterval(poll);
      poll = 0;
      document.dispatchEvent(new Event("signal"));
      take(JSON.parse(event.data));
    });
    source.onerror = () => {
      if (!poll) poll = setInterval(ask, 15000);
    };
  } else {
    ask();
    poll = setInterval(ask, 15000);
  }
  return stop.then(() => {
    source?.close();
    clearInterval(poll);
  });
}

// The tab that holds the lock has the stream. A tab hidden for a minute lets go: push takes over.
let letGo = () => {};
function compete() {
  const hidden = new Promise((resolve) => (letGo = resolve));
  if (navigator.locks) {
    navigator.locks.request("barnstorm-stream", () => stream(hidden)).catch(() => {});
  } else {
    stream(hidden);
  }
}
let timer = 0;
let competes = false;
function follow() {
  clearTimeout(timer);
  if (document.visibilityState === "visible") {
    if (!competes) compete();
    competes = true;
  } else {
    timer = setTimeout(() => {
      letGo();
      competes = false;
    }, 60000);
  }
}
document.addEventListener("visibilitychange", follow);
window.addEventListener("pagehide", () => {
  letGo();
  competes = false;
});
window.addEventListener("pageshow", follow);
follow();
