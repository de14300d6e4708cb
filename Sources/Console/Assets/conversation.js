// One conversation: chips, a reply that waits five seconds, an opt-out that can be taken back.
import { all, one, post, showBar } from "./app.js";
import "./live.js";

const form = one("[data-reply]");
const id = location.pathname.split("/")[2];
const draftKey = "draft " + id;

// Open at the newest text.
one("[data-thread] li:last-of-type")?.scrollIntoView({ block: "center" });

function tell(sentence) {
  const banner = one("[data-news]");
  one("p", banner).textContent = sentence ?? banner.dataset.words;
  banner.hidden = false;
}
let { last } = one("[data-news]").dataset; // as the page was drawn
document.addEventListener("live", ({ detail }) => {
  const mine = detail.waiting.find((entry) => entry.startsWith(id))?.split("@")[1];
  if (mine && mine !== last) tell();
  last = mine;
});

if (form) {
  const field = form.elements.body;
  const effect = one("[data-effect-line]");
  const measure = one("[data-measure]");
  if (!field.value) field.value = sessionStorage.getItem(draftKey) ?? "";

  // GSM 7-bit letters; the server counts again with the full rule (3GPP TS 23.038).
  const plain = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
  function count() {
    sessionStorage.setItem(draftKey, field.value);
    const isPlain = plain.test(field.value);
    const units = field.value.length + (isPlain ? (field.value.match(/[\^{}\\[~\]|€]/g) ?? []).length : 0);
    const [alone, joined] = isPlain ? [160, 153] : [70, 67];
    const texts = units <= alone ? 1 : Math.ceil(units / joined);
    const left = (texts === 1 ? alone : texts * joined) - units;
    measure.textContent = units
      ? (texts === 1 ? measure.dataset.one : measure.dataset.other).replace("{count}", texts).replace("{left}", left)
      : "";
  }
  field.addEventListener("input", count);
  count();

  for (const chip of all("[data-chip]")) {
    chip.addEventListener("click", (event) => {
      event.preventDefault();
      field.value = chip.dataset.text;
      form.elements.answer.value = chip.dataset.chip;
      effect.textContent = chip.dataset.effect ?? "";
      effect.hidden = !chip.dataset.effect;
      for (const other of all("[data-chip]")) other.setAttribute("aria-pressed", other === chip);
      count();
      one("[data-send]", form).focus();
    });
    chip.addEventListener("keydown", (event) => event.key === " " && (event.preventDefault(), chip.click()));
  }
  const search = one("[data-chip-search]");
  if (search) {
    search.hidden = false;
    one("input", search).addEventListener("input", (event) => {
      const wish = event.target.value.toLowerCase();
      for (const chip of all("[data-all] [data-chip]")) {
        chip.hidden = !chip.textContent.toLowerCase().includes(wish) && !chip.dataset.text.toLowerCase().includes(wish);
      }
    });
  }

  // Send: shown at once, handed over after five seconds, or when the page goes away.
  let pending = null;
  async function handOver() {
    const { fields, row } = pending;
    pending = null;
    try {
      const { ok, value } = await post(form.action, fields);
      if (ok) {
        one(".about", row).textContent = form.dataset.sent;
        if (value.key) form.elements.key.value = value.key;
        if (value.seen) form.elements.seen.value = value.seen;
        return;
      }
      giveBack(row, fields, value.refused);
    } catch {
      // Replies never queue blindly: the words come back and the person asks again.
      giveBack(row, fields, form.dataset.noSignal);
    }
  }
  function giveBack(row, fields, sentence) {
    row.remove();
    field.value = fields.body;
    form.elements.answer.value = fields.answer;
    count();
    if (sentence) tell(sentence);
    field.focus();
  }
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("data-stop")) return stop(event);
    event.preventDefault();
    event.stopImmediatePropagation();
    if (pending || !field.value.trim()) return;
    const fields = Object.fromEntries(new FormData(form));
    const row = document.createElement("li");
    row.className = "said ours arrive";
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.dir = "auto";
    bubble.textContent = field.value;
    const about = document.createElement("span");
    about.className = "about";
    about.textContent = form.dataset.waiting;
    row.append(bubble, about);
    one("[data-thread]").append(row);
    row.scrollIntoView({ block: "center" });
    field.value = "";
    effect.hidden = true;
    count();
    pending = { fields, row };
    const bar = one("[data-send-undo]");
    const end = showBar(bar, 5, (undone) => {
      if (!pending) return;
      if (!undone) return handOver();
      const { fields: kept, row: shown } = pending;
      pending = null;
      giveBack(shown, kept, "");
    });
    one(".button", bar).onclick = () => end(true);
  }, true);
  window.addEventListener("pagehide", () => {
    if (pending) navigator.sendBeacon(form.action, new URLSearchParams(pending.fields));
    pending = null;
  });
  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const failed = () => tell(form.dataset.noStop);
    post(`/c/${id}/stop`, {})
      .then(({ ok }) => (ok ? location.replace(`/c/${id}?said=stopped`) : failed()))
      .catch(failed); // not in silence
  }
}
