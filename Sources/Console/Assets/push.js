// Being told while no page is open: asked only on a tap, and only where the browser can.
import { all, one, post } from "./app.js";

const can = "PushManager" in window && "Notification" in window && Notification.permission !== "denied";

async function subscribe(text) {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const worker = await navigator.serviceWorker.ready;
  const key = Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")),
    (letter) => letter.charCodeAt(0),
  );
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (await post("/push", { endpoint, key: keys.p256dh, secret: keys.auth, zone })).ok;
}

for (const button of all("[data-push]")) {
  const isWay = "way" in button.dataset;
  if (isWay && button.dataset.way !== "push") continue;
  // Without a push service here, the other ways stay (on an iPhone: until it is on the Home Screen).
  button.hidden = !can;
  button.addEventListener("click", async (event) => {
    if (isWay) event.preventDefault();
    const done = await subscribe(button.dataset.push).catch(() => false);
    if (isWay) location.reload();
    else if (done) button.replaceWith(one("[data-new]")?.dataset.allowed ?? "");
  });
}
