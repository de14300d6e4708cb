// Pages of organisers: what moves by itself, and a preview while one types. All works without.
import { fetchPage, one, policy } from "./app.js";

/**
 * A part that changes until it is done is fetched each second. What stands around it, such as a form
 * under somebody's hands, is left alone; a page that has no such part any more is another page.
 */
function follow() {
  const part = one("[data-follow]");
  if (!part) return;
  setTimeout(async () => {
    let page;
    try {
      page = await fetchPage(location.href);
    } catch {
      follow();
      return;
    }
    const fresh = page && (one("[data-follow]", page) ?? one("[data-part]", page));
    if (!fresh) return location.reload();
    part.replaceWith(fresh);
    follow();
  }, 1000);
}

/** Shows what a text would look like while it is written; the form itself is never touched. */
function preview(form) {
  let timer;
  let turn = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = (turn += 1);
      const address = form.getAttribute("action") + "/preview";
      const answer = await fetch(address, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
      }).catch(() => null);
      if (!answer?.ok || mine !== turn) return;
      const text = policy.createHTML(await answer.text());
      const page = new DOMParser().parseFromString(text, "text/html");
      const fresh = one("[data-preview]", page);
      if (fresh) one("[data-preview]").replaceWith(fresh);
    }, 400);
  });
}

follow();
const writing = one("form[data-writing]");
if (writing) preview(writing);
