// What Gradio's pictures and sliders lack: texts, keys for the divider and the feature maps, pictures that follow a
// slider at once, a slider that plays, a zoom that follows the pointer.
(() => {
  const PLAY_MS = 900;
  const FADE_MS = 600; // until the picture before is gone, also where the new one is late
  const MAPS_A_ROW = 8;

  // The divider between the two pictures is a slider for keyboards, too

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
    const pair = document.querySelector("#comparison");
    if (!pair) return;
    const texts = [TEXTS.original, TEXTS.reconstruction];
    pair.querySelectorAll("img:not(.before)").forEach((picture, i) => {
      if (picture.alt !== texts[i]) picture.alt = texts[i] ?? "";
    });
    document.querySelectorAll("#examples button:not([aria-label])").forEach((button) => {
      const file = button.querySelector("img")?.src.split("/").pop() ?? "";
      if (file) button.setAttribute("aria-label", TEXTS.example.replace("{name}", file.split(".")[0]));
    });
    const maps = document.querySelector("#mosaic button:has(> .image-frame)");
    if (maps && !maps.ariaLabel) maps.ariaLabel = TEXTS.maps;
    const handle = pair.querySelector('[data-testid="slider"]');
    if (!handle || handle.tabIndex === 0) return;
    handle.tabIndex = 0;
    const attributes = {
      role: "slider", "aria-label": TEXTS.divider,
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(currentShare(handle) * 100),
    };
    for (const [name, value] of Object.entries(attributes)) handle.setAttribute(name, value);
    handle.addEventListener("keydown", onKey);
  }

  // Feature maps: arrow keys move a frame from map to map, Enter is a click on the one in the frame

  let map = [0, 0];

  function onMapKey(event) {
    const maps = event.target.closest?.("#mosaic button:has(> .image-frame)");
    const picture = maps?.querySelector("img");
    if (!picture) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== "Enter") return;
    event.preventDefault();
    const [width, height] = [picture.naturalWidth, picture.naturalHeight];
    const rows = Math.max(1, Math.round((height / width) * MAPS_A_ROW));
    const within = (value, count) => Math.min(count - 1, Math.max(0, value));
    if (step) map = [within(map[0] + step[0], MAPS_A_ROW), within(map[1] + step[1], rows)];
    const box = picture.getBoundingClientRect();
    const scale = Math.min(box.width / width, box.height / height);
    const side = (width * scale) / MAPS_A_ROW;
    const left = box.left + (box.width - width * scale) / 2 + map[0] * side;
    const top = box.top + (box.height - height * scale) / 2 + map[1] * side;
    const frame = maps.querySelector(".map-frame") ?? maps.appendChild(document.createElement("i"));
    const from = maps.getBoundingClientRect();
    frame.className = "map-frame";
    Object.assign(frame.style, {
      left: `${left - from.left}px`, top: `${top - from.top}px`, width: `${side}px`, height: `${side}px`,
    });
    document.querySelector("#said").textContent =
      TEXTS.map.replace("{row}", map[1] + 1).replace("{column}", map[0] + 1);
    if (step) return;
    frame.remove();
    const at = { clientX: left + side / 2, clientY: top + side / 2 };
    maps.dispatchEvent(new MouseEvent("click", { bubbles: true, view: window, ...at }));
  }

  // A slider over layers shows the picture of its layer at once; the rest of the answer follows

  const PREVIEWS = {
    "#dial": ["#comparison img:not(.before)", (at) => fileOf(document.querySelectorAll("#dial-stops li")[at])],
    "#depth-slider": [
      "#depth-reconstruction img:not(.before)", (at) => document.querySelectorAll("#depth-strip img")[at]?.src,
    ],
  };

  function fileOf(stop) {
    const [root] = document.querySelector("#comparison img")?.src.split("/file=") ?? [];
    return stop?.dataset.picture && root ? `${root}/file=${stop.dataset.picture}` : null;
  }

  function preview(event) {
    for (const [slider, [selector, source]] of Object.entries(PREVIEWS)) {
      if (!event.target.closest?.(slider)) continue;
      const pictures = document.querySelectorAll(selector);
      const picture = pictures[pictures.length - 1];
      const file = source(Number(event.target.value) - 1);
      if (!picture || !file) return;
      if (picture.src !== new URL(file, document.baseURI).href) fadeTo(picture, file);
      picture.closest(".picture").classList.add("previewed");
    }
    markStop();
  }

  // The picture before lies over the new one, and fades
  function fadeTo(picture, file) {
    const before = picture.cloneNode();
    Object.assign(before, { alt: "", ariaHidden: "true", className: `${picture.className} before` });
    Object.assign(before.style, {
      position: "absolute", left: `${picture.offsetLeft}px`, top: `${picture.offsetTop}px`,
      width: `${picture.offsetWidth}px`, height: `${picture.offsetHeight}px`,
    });
    picture.before(before);
    picture.addEventListener("load", () => before.classList.add("fading"), { once: true });
    setTimeout(() => before.remove(), FADE_MS);
    picture.src = file;
  }

  const SEEN_ON = { "#dial-stops": "#comparison", "#learn-network": "#learn-reconstruction" };

  function markStop() {
    const value = document.querySelector("#dial input[type=range]")?.value;
    for (const parts of ["#dial-stops li", "#dial-stops .sees"]) {
      document.querySelectorAll(parts).forEach((part, index) => {
        part.classList.toggle("now", String(index + 1) === value);
      });
    }
  }

  // The network below the dial: a click chooses a layer, and what the position under the pointer sees is framed

  function chooseStop(event) {
    const stop = event.target.closest?.("#dial-stops li");
    const slider = document.querySelector("#dial input[type=range]");
    if (!stop || !slider) return;
    slider.value = [...stop.parentElement.children].indexOf(stop) + 1;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function frameField(event) {
    const stop = event.target.closest?.(".stops li");
    const frame = document.querySelector(".field");
    if (!stop?.dataset.field) return frame?.remove(); // of other networks it is not known
    const drawing = Object.keys(SEEN_ON).find((drawing) => stop.closest(drawing));
    const picture = document.querySelector(`${SEEN_ON[drawing]} img`)?.parentElement;
    if (!picture) return;
    const box = stop.querySelector("i").getBoundingClientRect();
    const [size, field] = [Number(stop.dataset.size), Number(stop.dataset.field)];
    const cell = (at, from, side) => Math.floor(Math.min(0.999, Math.max(0, (at - from) / side)) * size);
    const [column, row] = [cell(event.clientX, box.left, box.width), cell(event.clientY, box.top, box.height)];
    const shown = frame ?? picture.appendChild(document.createElement("div"));
    shown.className = "field";
    shown.innerHTML = "<i></i><i></i>";
    place(shown.lastChild, column / size, row / size, 1 / size);
    place(shown.firstChild, (column + 0.5) / size - field / 448, (row + 0.5) / size - field / 448, field / 224);
  }

  function place(part, left, top, side) {
    const within = (value) => Math.min(1, Math.max(0, value));
    const [x, y] = [within(left), within(top)];
    const [right, bottom] = [within(left + side), within(top + side)];
    Object.assign(part.style, {
      left: `${100 * x}%`, top: `${100 * y}%`, width: `${100 * (right - x)}%`, height: `${100 * (bottom - y)}%`,
    });
  }

  let busy = false;

  // A preview stays bright until its answer is there
  function unmark() {
    markStop();
    const was = busy;
    busy = Boolean(document.querySelector("#message .busy"));
    if (!was || busy) return;
    document.querySelectorAll(".previewed").forEach((picture) => picture.classList.remove("previewed"));
  }

  // A picture of the lesson that is held down shows the photo in its place

  let held = null;

  function hold(event) {
    const space = event.type === "keydown";
    if (space && (event.key !== " " || event.repeat)) return;
    const place = event.target.closest?.("#learn-every button, #learn-reconstruction");
    const [picture, photo] = [place?.querySelector("img"), document.querySelector("#learn-original img")];
    if (!picture || !photo || held) return;
    if (space) event.preventDefault();
    held = [picture, picture.src];
    picture.src = photo.src;
  }

  function letGo() {
    if (held) held[0].src = held[1];
    held = null;
  }

  // Play moves the slider of Depth from layer to layer, as long as it can be seen

  let playing = null;

  function play(event) {
    const button = event.target.closest("#play");
    if (!button) return;
    if (playing) return stopPlaying();
    button.textContent = TEXTS.stop;
    playing = setInterval(() => {
      const slider = document.querySelector("#depth-slider input[type=range]");
      if (!slider?.offsetParent) return stopPlaying();
      slider.value = Number(slider.value) >= Number(slider.max) ? slider.min : Number(slider.value) + 1;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, PLAY_MS);
  }

  function stopPlaying() {
    clearInterval(playing);
    playing = null;
    const button = document.querySelector("#play");
    if (button) button.textContent = TEXTS.play;
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

  document.addEventListener("input", preview, true);
  document.addEventListener("keydown", onMapKey, true);
  for (const begins of ["pointerdown", "keydown"]) document.addEventListener(begins, hold, true);
  for (const ends of ["pointerup", "pointercancel", "keyup", "blur"]) window.addEventListener(ends, letGo);
  document.addEventListener("click", play);
  document.addEventListener("click", searchLonger);
  document.addEventListener("click", chooseStop);
  document.addEventListener("pointermove", frameField);
  document.addEventListener("pointermove", lookAround);
  new MutationObserver(() => { equip(); unmark(); }).observe(document.documentElement, {
    childList: true, subtree: true,
  });
})();
