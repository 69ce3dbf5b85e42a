// What Gradio's components lack. For keyboards and screen readers: the divider of the picture slider becomes a real
// slider (arrow keys, Home, End), pictures and examples get texts, and the list of a selector closes when Tab leaves
// it. For sharing: the address bar follows the view, and the button copies it.
(() => {
  const TEXTS = ["The original photo", "The reconstruction"];

  function moveDivider(handle, share) {
    const frame = handle.parentElement.getBoundingClientRect();
    const x = frame.left + frame.width * share;
    const y = frame.top + frame.height / 2;
    const send = (target, type, at) =>
      target.dispatchEvent(new MouseEvent(type, { bubbles: true, view: window, clientX: at, clientY: y }));
    const from = handle.getBoundingClientRect();
    send(handle, "mousedown", from.left + from.width / 2);
    send(window, "mousemove", x);
    send(window, "mouseup", x);
    handle.setAttribute("aria-valuenow", Math.round(share * 100));
  }

  function currentShare(handle) {
    const frame = handle.parentElement.getBoundingClientRect();
    const own = handle.getBoundingClientRect();
    return (own.left + own.width / 2 - frame.left) / frame.width;
  }

  function onKey(event) {
    const share = currentShare(event.currentTarget);
    const goal = {
      ArrowLeft: share - 0.05, ArrowDown: share - 0.05, ArrowRight: share + 0.05, ArrowUp: share + 0.05,
      Home: 0, End: 1,
    }[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    moveDivider(event.currentTarget, Math.min(1, Math.max(0, goal)));
  }

  function equip() {
    document.querySelectorAll(".empty[aria-label]:not([role])").forEach((place) => place.setAttribute("role", "img"));
    const slider = document.querySelector("#comparison");
    if (!slider) return;
    slider.querySelectorAll("img").forEach((picture, i) => {
      if (picture.alt !== TEXTS[i]) picture.alt = TEXTS[i] ?? "";
    });
    document.querySelectorAll("#examples button:not([aria-label])").forEach((button) => {
      const file = button.querySelector("img")?.src.split("/").pop() ?? "";
      if (file) button.setAttribute("aria-label", `Example photo: ${file.split(".")[0]}`);
    });
    const handle = slider.querySelector('[data-testid="slider"]');
    if (!handle || handle.tabIndex === 0) return;
    handle.tabIndex = 0;
    const attributes = {
      role: "slider", "aria-label": "Divider between original (left) and reconstruction (right)",
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 50,
    };
    for (const [name, value] of Object.entries(attributes)) handle.setAttribute(name, value);
    handle.addEventListener("keydown", onKey);
  }

  function followAddress() {
    const query = document.querySelector("#address [data-query]")?.dataset.query;
    if (query && location.search !== `?${query}`) history.replaceState(history.state, "", `?${query}`);
  }

  async function copyLink(event) {
    const button = event.target.closest("#copy-link");
    if (!button) return;
    const said = await navigator.clipboard?.writeText(location.href).then(() => "Copied", () => null);
    if (!said) window.prompt("Copy this link:", location.href); // without https the clipboard is closed
    else button.textContent = said;
    setTimeout(() => { button.textContent = "Copy link"; }, 2000);
  }

  function lookAround(event) {
    const picture = event.target.closest?.("#compare .zoomable img");
    if (!picture) return;
    const frame = picture.closest(".image-frame, .thumbnail-item").getBoundingClientRect();
    const style = document.querySelector("#compare").style;
    style.setProperty("--look-x", `${(100 * (event.clientX - frame.left)) / frame.width}%`);
    style.setProperty("--look-y", `${(100 * (event.clientY - frame.top)) / frame.height}%`);
  }

  function searchLonger(event) {
    // Recover begins by itself for whoever came by one of Explore's buttons, once it shows what is searched for.
    if (!event.target.closest(".searches")) return;
    const begun = performance.now();
    const waiting = setInterval(() => {
      const start = document.querySelector("#recover-start");
      const shown = start?.offsetParent && document.querySelector("#recover-original img");
      if (shown && !start.disabled && !document.querySelector("#message .busy")) start.click();
      else if (performance.now() - begun < 60000) return;
      clearInterval(waiting);
    }, 200);
  }

  function letTabPass(event) {
    // Gradio's dropdown answers every other key by opening its list, also after it has lost the focus.
    if (event.key === "Tab" && event.target.matches("#app [role=combobox]")) event.stopPropagation();
  }

  document.addEventListener("keydown", letTabPass, true);
  document.addEventListener("click", copyLink);
  document.addEventListener("click", searchLonger);
  document.addEventListener("pointermove", lookAround);
  new MutationObserver(() => { equip(); followAddress(); }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-query"],
  });
})();
