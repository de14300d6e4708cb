// New replies join the end of the list, where the newest belong: nothing moves under a finger.
import { all, fetchPage, one, policy, post } from "./app.js";
import "./live.js";
import "./push.js";

const isNeeds = one("[data-bucket=needs][aria-current]") !== null && !new URLSearchParams(location.search).get("find");
const here = "/inbox" + location.search; // with the filter, if one is chosen
let known = null;

document.addEventListener("live", async ({ detail }) => {
  const now = detail.waiting.join();
  const first = known === null;
  const changed = known !== now;
  known = now;
  if (!isNeeds || !changed) return;
  if (first && detail.waiting.every((id) => one(`[data-id="${id.split("@")[0]}"]`))) return;
  const page = await fetchPage(here);
  if (!page) return;
  const fresh = all("[data-people] > li", page);
  const list = one("[data-people]");
  if (!list) {
    // In place: a page that loads itself anew would undo a tap that is on its way to another.
    if (fresh.length) one(".empty").replaceWith(document.adoptNode(fresh[0].parentNode));
    return;
  }
  let added = false;
  for (const row of fresh) {
    const old = one(`[data-id="${row.dataset.id}"]`, list);
    if (old) {
      for (const part of [".age", ".snippet"]) one(part, old).replaceChildren(...one(part, row).childNodes);
      continue;
    }
    row.classList.add("arrive");
    list.append(document.adoptNode(row));
    added = true;
  }
  if (added) {
    const banner = one("[data-new]");
    one("p", banner).textContent = banner.dataset.words;
    banner.hidden = false;
  }
});
