// What every page shares. Each page works without it.

/** The one policy that the Content-Security-Policy names: only our own pages and worker pass. */
export const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("barnstorm", {
      createHTML: (html) => html,
      createScriptURL: (url) => {
        if (url !== "/sw.js") throw new TypeError("not our worker");
        return url;
      },
    })
  : { createHTML: (html) => html, createScriptURL: (url) => url };

export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A page of ours as a document, to take parts from. */
export async function fetchPage(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
}

/** Posts fields as a form and reads values back. */
export async function post(address, fields) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  const isJSON = answer.headers.get("Content-Type")?.startsWith("application/json");
  return { ok: answer.ok, status: answer.status, value: isJSON ? await answer.json() : {} };
}

/** Shows a bar for some seconds; waits while somebody is in it. Returns how to end it early. */
export function showBar(bar, seconds, ended) {
  bar.hidden = false;
  let left = seconds * 10;
  const timer = setInterval(() => {
    if (bar.matches(":focus-within, :hover")) return;
    left -= 1;
    if (left <= 0) end(false);
  }, 100);
  function end(undone) {
    clearInterval(timer);
    bar.hidden = true;
    ended?.(undone);
  }
  return end;
}

// A form is sent once: a second press, a held key or a double tap changes nothing.
const sent = new WeakMap();
document.addEventListener("submit", (event) => {
  const last = sent.get(event.target) ?? -1e9;
  if (performance.now() - last < 3000) event.preventDefault();
  else sent.set(event.target, performance.now());
  // What the phone kept for the one who leaves is not for the next.
  if (event.target.getAttribute("action") === "/out") {
    localStorage.clear();
    sessionStorage.clear();
    caches?.keys().then((names) => names.forEach((name) => caches.delete(name)));
  }
});
window.addEventListener("keydown", (event) => {
  const button = event.target.closest?.("button, summary");
  if (event.repeat && button && (event.key === "Enter" || event.key === " ")) event.preventDefault();
});

for (const button of all("[data-after]")) {
  button.hidden = true;
  setTimeout(() => (button.hidden = false), 1000 * Number(button.dataset.after));
}
for (const button of all("[data-opens]")) {
  button.addEventListener("click", () => one("#" + button.dataset.opens).showModal());
}
for (const bar of all(".undo:not([hidden])")) showBar(bar, 6);

// Menus close by Escape and by a press beside them; links in them open what they point to.
document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
  }
  const target = event.target.closest?.("a[href^='#']")?.hash;
  const details = target && target.length > 1 ? one(target) : null;
  if (details?.tagName === "DETAILS") {
    details.open = true;
    one("input, select, textarea", details)?.focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of all("details.menu[open]")) {
    menu.open = false;
    one("summary", menu).focus();
  }
});

// Single keys: only where switched on, never in a field (WCAG 2.1.4).
const keysOn = document.documentElement.dataset.keys === "on";
let waitsForPlace = false;
document.addEventListener("keydown", (event) => {
  if (!keysOn || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const places = { s: "/send", i: "/inbox", h: "/help" };
  if (waitsForPlace && places[event.key]) location.assign(places[event.key]);
  waitsForPlace = event.key === "g";
  if (event.key === "?") location.assign("/help#keys");
  if (event.key === "/") {
    const field = one("input[type=search]");
    if (field) {
      event.preventDefault();
      field.closest("details")?.setAttribute("open", "");
      field.focus();
    }
  }
  document.dispatchEvent(new CustomEvent("shortcut", { detail: event.key }));
});

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(policy.createScriptURL("/sw.js")).catch(() => {});
}
