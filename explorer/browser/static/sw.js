// Keeps the page for when there is no network: what it opens with from the start, networks once they were used.

const VERSION = "VERSION";
const FIRST = [/* FIRST */];
const OURS = "feature-inversion-";
const PAGES = `${OURS}page-${VERSION}`;
const NETWORKS = `${OURS}networks`; // checked by the page against site.json, so that they may outlive a version

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGES).then((cache) => cache.addAll(FIRST)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith(OURS) && ![PAGES, NETWORKS].includes(name)));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && url.origin === location.origin) event.respondWith(answer(event.request, url));
});

async function answer(request, url) {
  const heavy = /\/(encoders|decoders|examples|graphics)\//.test(url.pathname);
  const key = request.mode === "navigate" ? "./" : request;
  const found = request.cache === "reload" ? undefined : await caches.match(key, { ignoreSearch: true });
  if (found) return found;
  const answered = await fetch(request);
  if (heavy && answered.status === 200) {
    const copy = answered.clone();
    caches.open(NETWORKS).then((cache) => cache.put(url.pathname, copy)).catch(() => {}); // full: it is fetched again
  }
  return answered;
}
