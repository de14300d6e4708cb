// The send queue: ten cards ahead, presses kept on the phone until the server has them.
import { all, one, post, showBar } from "./app.js";
import "./live.js";

const form = one("[data-press]");
const card = one("[data-card]");
const language = document.documentElement.lang;

const keep = (name, value) => localStorage.setItem(name, JSON.stringify(value));
const kept = (name) => JSON.parse(localStorage.getItem(name) ?? "[]");
/** Presses that the server has not answered; survives reload and loss of signal. */
const outbox = () => kept("outbox");
const done = new Set();
let cards = [];
let shown = null;
let lastPress = -1e9;
let count, again;

function readShown() {
  if (!form) return null;
  const value = (name) => form.elements[name].value;
  return { message: value("message"), key: value("key"), version: value("version"), name: value("name") };
}

function show(next, focus) {
  shown = next;
  // A press with nobody on the screen is refused, not swallowed.
  one("[data-send]").disabled = !next;
  if (!next) return topUp();
  for (const name of ["message", "key"]) {
    for (const field of all(`input[name=${name}]`)) if (!field.closest("[data-undo]")) field.value = next[name];
  }
  form.elements.version.value = next.version;
  form.elements.name.value = next.name;
  one("[data-name]").textContent = next.name;
  one("[data-there]").textContent = next.there ?? "";
  one("[data-words]").textContent = next.text;
  ends = next.ends ?? ends;
  warn();
  card.classList.remove("arrive");
  void card.offsetWidth; // restarts the motion
  card.classList.add("arrive");
  if (focus) one("[data-heading]").focus({ preventScroll: true });
}

/** Asks for as many cards as are missing. Held ones come again: what was pressed is left out. */
async function topUp() {
  clearTimeout(again);
  try {
    const answer = await fetch("/send", { headers: { Accept: "application/json" } });
    if (answer.status === 401) return location.assign("/");
    if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Error("no cards");
    const state = await answer.json();
    const now = performance.now();
    for (const next of state.cards) next.ends = now + 1000 * next.seconds;
    ends = state.cards.find((next) => next.key === shown?.key)?.ends ?? ends;
    warn();
    const pressed = new Set([...done, ...outbox().map((press) => press.key)]);
    cards = state.cards.filter((next) => !pressed.has(next.key) && next.key !== shown?.key);
    keep("cards", cards);
    one("[data-progress]").textContent = state.progress;
    one("[data-bar]").max = Math.max(1, state.people);
    one("[data-bar]").value = state.asked;
    if (!outbox().length) one("[data-mine]").textContent = state.mine;
    if (!form || shown) return;
    if (cards.length) return show(cards.shift(), true);
    if (!outbox().length) location.replace("/send");
  } catch {
    signal();
  }
  // Also after a dead zone somebody appears by itself.
  if (form && !shown) again = setTimeout(topUp, 2000);
}

/** A person is lent for ten minutes: two before the end the page asks, at the end it says so. */
let ends = Infinity;
function warn() {
  const bar = one("[data-keep]");
  if (!bar) return;
  const left = (ends - performance.now()) / 1000;
  bar.hidden = !shown || left > 120;
  if (bar.hidden) return;
  const words = left > 0 ? bar.dataset.soon : bar.dataset.over;
  const text = words.replace("{name}", shown.name);
  if (one("p", bar).textContent !== text) one("p", bar).textContent = text;
}
one("[data-keep] button")?.addEventListener("click", () =>
  ends > performance.now() ? topUp() : location.replace("/send"),
);
setInterval(warn, 5000);

function signal() {
  const waiting = outbox().length;
  const banner = one("[data-signal]");
  banner.hidden = waiting === 0 || navigator.onLine === true && !failed;
  const forms = banner.dataset;
  const form = new Intl.PluralRules(language).select(waiting);
  one("p", banner).textContent = (forms[form] ?? forms.other ?? "").replace("{count}", waiting);
}

let failed = false;
let flushing = false;
/** Hands presses over, oldest first. The server refuses what is late; nothing is retried unseen. */
async function flush() {
  if (flushing) return;
  flushing = true;
  try {
    for (let press; (press = outbox()[0]); ) {
      const { ok, status, value } = await post("/send", press);
      failed = false;
      if (status === 401) return location.assign("/");
      if (status >= 500) throw new Error("server");
      keep("outbox", outbox().filter(({ key }) => key !== press.key));
      if (ok) one("[data-said]").textContent = one("[data-said]").dataset.sent + " " + press.name;
      else refuse(value.sentence);
    }
  } catch {
    failed = true;
    setTimeout(flush, 5000);
  } finally {
    flushing = false;
    signal();
  }
}

function refuse(sentence) {
  const banner = one("[data-refusal]");
  one("p", banner).textContent = sentence ?? "";
  banner.hidden = false;
  topUp();
}
one("[data-dismiss]")?.addEventListener("click", () => (one("[data-refusal]").hidden = true));

function press(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  const now = performance.now();
  // One deliberate act: a held key or a bouncing finger is none.
  if (!shown || now - lastPress < 250) return;
  lastPress = now;
  keep("outbox", [...outbox(), { ...shown, at: Date.now() }]);
  done.add(shown.key);
  performance.mark("pressed");
  const next = cards.shift();
  keep("cards", cards);
  show(next ?? null, true);
  performance.measure("press to next card", "pressed");
  flush().then(() => {
    clearTimeout(count);
    if (cards.length < 5) topUp();
    else if (!failed) count = setTimeout(topUp, 1500); // the figures, once the finger rests
  });
}

form?.addEventListener("submit", press, true);

// "Not this one": the next card at once, six seconds to think again.
one("[data-skip-menu] form")?.addEventListener(
  "submit",
  async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const skipped = shown;
    if (!skipped) return;
    one("[data-skip-menu]").open = false;
    const reason = event.submitter?.value ?? "other";
    done.add(skipped.key);
    show(cards.shift() ?? null, true);
    await post("/send/skip", { ...skipped, reason }).catch(() => {});
    const bar = one("[data-skip-undo]");
    const end = showBar(bar, 6, async (undone) => {
      if (!undone) return;
      const { value } = await post("/send/unskip", { message: skipped.message });
      if (value.back) location.replace("/send");
    });
    one(".button", bar).onclick = () => end(true);
    if (cards.length < 5) topUp();
  },
  true,
);

for (const name of ["online", "pageshow"]) window.addEventListener(name, flush);
document.addEventListener("signal", flush);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && flush());
window.addEventListener("offline", signal);

// A pause reaches the page while it is open: the server would refuse, so say it first.
let campaignState = one("[data-state]").dataset.state;
document.addEventListener("live", ({ detail }) => {
  const changed = detail.campaign !== campaignState;
  campaignState = detail.campaign;
  if (changed && !outbox().length) location.replace("/send");
});

shown = readShown();
if (shown) ends = performance.now() + 1000 * Number(form.dataset.seconds);
if (shown && done.size === 0 && outbox().some((press) => press.key === shown.key)) {
  // Drawn from the worker's cache after a press without signal: go on with the next one.
  cards = kept("cards");
  show(cards.shift() ?? null, false);
}
if (form || outbox().length) {
  flush();
  topUp();
}
