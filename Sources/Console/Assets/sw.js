// Shell and last card without signal; network first, so nobody works on an old page.
const cacheName = "barnstorm-VERSION";
const shell = ["/assets/VERSION/style.css", "/assets/VERSION/icon.svg"].concat(
  ["app", "live", "send", "inbox", "conversation", "push"].map((name) => `/assets/VERSION/${name}.js`),
);

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(cacheName).then((cache) => cache.addAll(shell)).then(() => self.skipWaiting()),
  );
});
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) =>
    Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name))),
  );
  event.waitUntil(old.then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  } else if (request.mode === "navigate" && url.pathname === "/send") {
    event.respondWith(
      fetch(request)
        .then((answer) => {
          if (answer.ok && !answer.redirected) {
            const copy = answer.clone();
            event.waitUntil(caches.open(cacheName).then((cache) => cache.put("/send", copy)));
          }
          return answer;
        })
        .catch(() => caches.match("/send").then((kept) => kept ?? Response.error())),
    );
  }
});

self.addEventListener("push", (event) => {
  const news = event.data?.json() ?? {};
  event.waitUntil(
    self.registration.showNotification(news.title ?? "Barnstorm", {
      body: news.body ?? "",
      tag: "replies",
      icon: "/assets/VERSION/icon.svg",
      lang: news.lang,
      data: news.to ?? "/inbox",
    }),
  );
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
