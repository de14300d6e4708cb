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
  button.disabled = true;
  setTimeout(() => (button.disabled = false), 1000 * button.dataset.after);
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
    // Following the link would take the focus away again.
    event.preventDefault();
    details.open = true;
    one("input, select, textarea", details)?.focus({ preventScroll: true });
    details.scrollIntoView({ block: "nearest" });
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of all("details.menu[open]")) {
    menu.open = false;
    one("summary", menu).focus();
    event.preventDefault();
  }
});

// Keys: `data-key` names those of a control; "gs" is g and then s within two seconds. Single ones act
// only where switched on and never in a field (WCAG 2.1.4), Enter and Space only beside controls.
const { keys, map = "" } = document.documentElement.dataset;
const swaps = map.split(" ");
let last = "";
let lastAt = 0;
document.addEventListener("keydown", (event) => {
  let { key, target } = event;
  if (event.defaultPrevented || event.repeat || event.altKey || one("dialog[open]")) return;
  const isChord = event.ctrlKey || event.metaKey;
  if (!isChord && (keys !== "on" || target.closest("input, textarea, select"))) return;
  // A texter's own key stands for one of ours, and ours then for none (KeyMap).
  if (!isChord) key = (swaps.find((swap) => swap[0] === key) ?? "=" + key).slice(1);
  if (!key) return;
  const name = (isChord ? "Ctrl+" : "") + (key === " " ? "Space" : key);
  if (/^(Enter|Space)$/.test(name) && target.closest("a, button, summary")) return;
  const find = (wish) => all(`[data-key~="${CSS.escape(wish)}"]`).find((place) => !place.closest("[hidden]"));
  const found = (performance.now() - lastAt < 2000 && find(last + name)) || find(name);
  [last, lastAt] = [name, performance.now()];
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[name];
  const rows = all(".person, [data-row]");
  if (step && rows.length) rows.at(Math.max(0, Math.min(rows.indexOf(document.activeElement) + step, rows.length - 1))).focus();
  else if (name === "?") location.assign("/help#keys");
  else if (found) press(found);
  else return;
  event.preventDefault();
});
function press(control) {
  if (control.matches("input")) {
    control.closest("details")?.setAttribute("open", "");
    return control.focus();
  }
  control.click();
  if (control.matches("summary")) one("button", control.nextElementSibling)?.focus();
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(policy.createScriptURL("/sw.js")).catch(() => {});
}
