// The frame over the photo, around what the network sees of it; one's own is moved by pointer and arrow keys.
// Gradio gives `element`, which says where the frame is, and `trigger`, to tell where it was moved.
const SEEN = 224 / 256; // of the shorter side
const STEP = 0.05;
const PAUSE_MS = 400;
const column = element.closest("#controls"); // Gradio may make anew what is in it
const frame = document.createElement("div");
frame.className = "crop-frame";
let at = [0.5, 0.5];
let dragged = null;
let pause = 0;
let told = null; // what the server was told last, until it says so itself
let source = ""; // of the photo that the frame is over

// The rectangle of the photo within its place, and how far the frame can go in it, in pixels
function room() {
  const picture = column.querySelector("#photo .image-frame img");
  if (picture && !picture.complete) picture.addEventListener("load", draw, { once: true });
  if (!picture?.naturalWidth || !element.querySelector("[data-x]")) return null;
  const box = picture.getBoundingClientRect();
  const from = picture.parentElement.getBoundingClientRect();
  const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
  const [width, height] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
  const side = Math.min(width, height) * SEEN;
  const left = box.left - from.left + (box.width - width) / 2;
  const top = box.top - from.top + (box.height - height) / 2;
  return { parent: picture.parentElement, left, top, side, free: [width - side, height - side] };
}

function draw() {
  const now = column.querySelector("#photo .image-frame img")?.src ?? "";
  if (now !== source) { // another photo: what was done to the one before is over
    window.clearTimeout(pause);
    [source, dragged, pause, told] = [now, null, 0, null];
    at = place();
  }
  const found = room();
  if (!found) return frame.remove();
  if (frame.parentElement !== found.parent) found.parent.append(frame);
  Object.assign(frame.style, {
    left: `${found.left + at[0] * found.free[0]}px`, top: `${found.top + at[1] * found.free[1]}px`,
    width: `${found.side}px`, height: `${found.side}px`,
  });
  const { moves, label, where } = element.querySelector("[data-x]").dataset;
  const [x, y] = at.map((share) => Math.round(100 * share));
  const attributes = moves === undefined ? {} : {
    role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": x,
    "aria-valuetext": where.replace("{x}", x).replace("{y}", y),
  };
  for (const name of ["role", "tabindex", "aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"]) {
    if (attributes[name] === undefined) frame.removeAttribute(name);
    else if (frame.getAttribute(name) !== String(attributes[name])) frame.setAttribute(name, attributes[name]);
  }
}

function place() {
  const said = element.querySelector("[data-x]")?.dataset;
  return said ? [Number(said.x), Number(said.y)] : at;
}

// The server has said where the frame is: with another photo, or as an answer, maybe to an earlier move
function follow() {
  const said = place();
  if (told && said.every((share, axis) => share === told[axis])) told = null;
  if (!told && !dragged && !pause) at = said;
  draw();
}

function move(x, y) {
  at = [x, y].map((share) => Math.min(1, Math.max(0, share)));
  draw();
}

function tell() {
  window.clearTimeout(pause);
  pause = 0;
  told = at;
  document.getElementById("crop").dataset.wanted = at.join(" ");
  trigger("input");
}

frame.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  frame.focus();
  frame.setPointerCapture(event.pointerId);
  dragged = { x: event.clientX, y: event.clientY, at };
});
frame.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const [across, down] = room()?.free ?? [1, 1];
  move(dragged.at[0] + (event.clientX - dragged.x) / across, dragged.at[1] + (event.clientY - dragged.y) / down);
});
for (const ends of ["pointerup", "pointercancel", "lostpointercapture"]) {
  frame.addEventListener(ends, () => {
    if (dragged && dragged.at !== at) tell();
    dragged = null;
  });
}
frame.addEventListener("keydown", (event) => {
  const [x, y] = at;
  const goal = {
    ArrowLeft: [x - STEP, y], ArrowRight: [x + STEP, y], ArrowUp: [x, y - STEP], ArrowDown: [x, y + STEP],
    Home: [0, y], End: [1, y],
  }[event.key];
  if (!goal || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  move(...goal);
  window.clearTimeout(pause);
  pause = window.setTimeout(tell, PAUSE_MS);
});
for (const type of ["click", "dragstart"]) frame.addEventListener(type, (event) => event.stopPropagation());
new ResizeObserver(draw).observe(column);
new MutationObserver(draw).observe(column, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
new MutationObserver(follow).observe(element, { childList: true, subtree: true, attributes: true });
follow();
