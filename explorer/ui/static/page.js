// The page around the tabs, as far as Gradio leaves it: the address and the way back, the tab bar for keyboards, what
// screen readers are told, the fold, and the link to copy. Sentences come from texts/page.html (TEXTS).
(() => {
  const OPEN = "#tabs > .tabitem:not([style*='none'])";
  const FOLD = "more-is-open";
  const LEAD_MS = 300;
  let going = null; // where Back or Forward leads to, as long as it is not there

  // The address follows the view: a tab or a step is an entry of its own, everything else changes the entry it is in

  function place(query) {
    const asked = new URLSearchParams(query);
    return `${asked.get("tab")} ${asked.get("step") ?? ""}`;
  }

  function followAddress() {
    const told = document.querySelector("#address [data-query]")?.dataset;
    if (!told) return;
    rememberPhoto(told.own.split(" "));
    const [from, to] = [place(location.search), place(told.query)];
    if (going === to && markedStep() === stepOf(told.query) && !isBusy()) going = null; // not by an earlier answer
    const query = EXHIBIT ? `${told.query}&${EXHIBIT}` : told.query;
    if (going || location.search === `?${query}`) return;
    const turned = from !== to && !from.startsWith("null") && from !== to.replace(/ .*/, " ");
    history[turned ? "pushState" : "replaceState"](history.state, "", `?${query}`);
    document.querySelectorAll(".js-plotly-plot").forEach(renamePatterns);
  }

  function stepOf(query) {
    return new URLSearchParams(query).get("step") ?? markedStep();
  }

  function markedStep() {
    return document.querySelector("#learn-steps [aria-current]")?.dataset.step;
  }

  function isBusy() {
    return Boolean(document.querySelector("#message .busy"));
  }

  function goBack() {
    const told = document.querySelector("#address [data-query]")?.dataset.query;
    if (!told || (!going && place(told) === place(location.search))) return;
    if (!going) window.setTimeout(lead, LEAD_MS);
    going = place(location.search);
    turnToPlace();
  }

  // Of what is asked for while an answer is on its way only the last counts: ask again until the page is there
  function lead() {
    followAddress();
    if (!going) return;
    if (!isBusy()) turnToPlace();
    window.setTimeout(lead, LEAD_MS);
  }

  function turnToPlace() {
    const tab = document.getElementById(`tab-${new URLSearchParams(location.search).get("tab")}-button`);
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
    const step = stepOf(location.search);
    if (markedStep() !== step) document.querySelector(`#learn-steps li [data-step="${step}"]`)?.click();
  }

  // The mirror is another page in a frame, which has its camera only as long as its tab is open
  function showMirror() {
    const frame = document.querySelector("#mirror-frame iframe");
    if (!frame) return;
    const open = document.getElementById("tab-mirror-button")?.getAttribute("aria-selected") === "true";
    const asked = open ? document.querySelector("#mirror-asked [data-query]")?.dataset.query : "";
    if (asked === undefined || asked === (frame.dataset.shown ?? "")) return;
    if (asked && frame.dataset.shown) frame.contentWindow.postMessage(asked, location.origin);
    else frame.src = asked ? `site/?framed=1&tab=mirror&${asked}` : "about:blank";
    frame.dataset.shown = asked;
  }

  // Plotly names its patterns and clips by the address, as Gradio's page has a <base>; another address loses them
  function renamePatterns(plot) {
    const now = location.href.split("#")[0];
    if (plot._context) plot._context._baseUrl = now;
    for (const part of plot.querySelectorAll("[clip-path], [style*='url(']")) {
      for (const name of ["clip-path", "style"]) {
        const value = part.getAttribute(name);
        if (value?.includes("url(")) part.setAttribute(name, value.replace(/url\((["']?)[^#)]*#/g, `url($1${now}#`));
      }
    }
  }

  // A reload finds the visitor's own photo again: the server still has it
  function rememberPhoto(own) {
    const [, path] = document.querySelector("#photo .image-frame img")?.src.split("/file=") ?? [];
    if (!own.includes("photo") || !path) return;
    const { x, y } = document.querySelector("#crop [data-x]").dataset;
    sessionStorage.setItem("own-photo", decodeURIComponent(path));
    sessionStorage.setItem("own-crop", `${x} ${y}`);
  }

  async function copyLink(event) {
    const button = event.target.closest("#copy-link");
    if (!button) return;
    const without = document.querySelector("#address [data-query]")?.dataset.without;
    const copied = without ? TEXTS.copiedWithout.replace("{own}", without) : TEXTS.copied;
    const said = await navigator.clipboard?.writeText(location.href).then(() => copied, () => null);
    if (!said) window.prompt(TEXTS.copyThis, location.href); // without https the clipboard is closed
    else button.textContent = said;
    setTimeout(() => { button.textContent = TEXTS.copy; }, 3000);
  }

  // Keyboards reach the tabs first, and go from tab to tab by arrow keys

  function placeTabs() {
    const bar = document.querySelector("#tabs > .tab-wrapper");
    if (bar) document.querySelector("#app").prepend(bar);
    const open = String(document.body.classList.contains("more"));
    const more = document.querySelector("#more button");
    if (more && more.getAttribute("aria-expanded") !== open) more.setAttribute("aria-expanded", open);
    for (const tab of document.querySelectorAll("#app > .tab-wrapper [role=tab]")) {
      const stop = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
      if (tab.tabIndex !== stop) tab.tabIndex = stop;
    }
  }

  function turnTab(event) {
    const tab = event.target.closest?.("#app > .tab-wrapper [role=tab]");
    if (!tab) return;
    const tabs = [...tab.parentElement.querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(tab);
    const goal = {
      ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1,
    }[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    const next = tabs[(goal + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  function skip(event) {
    if (!event.target.closest(".skip")) return;
    event.preventDefault();
    const panel = document.querySelector(OPEN);
    panel.tabIndex = -1;
    panel.focus();
  }

  // The result is told once it is there

  let busy = false;
  function tell() {
    const was = busy;
    busy = isBusy();
    const region = document.querySelector("#said");
    if (!was || busy || !region) return;
    setTimeout(() => {
      const parts = [...document.querySelectorAll(`${OPEN} [data-said]`)].map((part) => part.textContent.trim());
      region.textContent = parts.filter(Boolean).join(", ");
    }, 300);
  }

  // What a first look does not need is folded away, until it is asked for

  function fold(open) {
    document.body.classList.toggle("more", open);
    placeTabs();
  }

  function toggleFold(event) {
    if (!event.target.closest("#more")) return;
    const open = !document.body.classList.contains("more");
    localStorage.setItem(FOLD, String(open));
    fold(open);
  }

  // In front of a class: large type, no controls

  function present(event) {
    const button = event.target.closest("#present");
    if (!button) return;
    const on = document.body.classList.toggle("presented");
    button.setAttribute("aria-pressed", String(on));
  }

  function letTabPass(event) {
    // Gradio's dropdown answers every other key by opening its list, also after it has lost the focus.
    if (event.key === "Tab" && event.target.matches("#app [role=combobox]")) event.stopPropagation();
  }

  document.addEventListener("keydown", letTabPass, true);
  document.addEventListener("keydown", turnTab);
  for (const heard of [copyLink, skip, toggleFold, present]) document.addEventListener("click", heard);
  document.addEventListener("click", (event) => { if (event.isTrusted) going = null; }, true);
  window.addEventListener("popstate", goBack);
  fold(localStorage.getItem(FOLD) === "true"); // Gradio runs the scripts when the page is there
  new MutationObserver(() => { placeTabs(); followAddress(); showMirror(); tell(); }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-query", "aria-selected"],
  });
})();
