// Exhibit mode, for a museum (?exhibit=1, and &idle=SECONDS for other than 90): presented and full screen, and back to
// where it began once nobody has touched it for a while.
const EXHIBIT = new URLSearchParams(
  [...new URLSearchParams(location.search)].filter(([key]) => ["exhibit", "idle"].includes(key)),
).toString(); // page.js keeps it in the address

(() => {
  const asked = new URLSearchParams(EXHIBIT);
  if (asked.get("exhibit") !== "1") return;
  const start = location.href;
  const idleMs = 1000 * (Number(asked.get("idle")) || 90);
  let timer = 0;

  function leave() {
    sessionStorage.removeItem("own-photo"); // the next visitor must not see it
    location.assign(start);
  }

  function touched(event) {
    window.clearTimeout(timer);
    timer = window.setTimeout(leave, idleMs);
    // Browsers allow it to a person only
    if (event.type !== "wheel" && !document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
  }

  // Gradio runs the scripts when the page is there
  if (window.matchMedia("(min-width: 761px)").matches) document.body.classList.add("presented", "exhibited");
  for (const kind of ["pointerup", "keydown", "wheel"]) document.addEventListener(kind, touched, { passive: true });
})();
