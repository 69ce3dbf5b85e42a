// The page: one view, one photo, one worker. What changes the view calls `show`, and all parts follow it.

import { Answers } from "./answers.js";
import { connectChoice, showChoice } from "./choice.js";
import { Engine } from "./engine.js";
import { hasGraphics } from "./graphics.js";
import { showStep } from "./lesson.js";
import { Mirror } from "./mirror.js";
import { Painting } from "./paint.js";
import { part, say, sayProblem, useTexts, write } from "./parts.js";
import { connectPhotos, loadExample } from "./photo.js";
import { Progress } from "./progress.js";
import { addressOf, configurationOf, readAddress, sameConfiguration, settle } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Site } from "./types.js" */

/** @type {Site} */
const site = await (await fetch("site.json")).json();
useTexts(site);
const progress = new Progress();
const engine = new Engine(site, (file, done, all) => progress.report(file, done, all));
const painting = new Painting(part("original").querySelector("canvas"), () => answers.ask(view));
const answers = new Answers(site, engine, painting, tell);
const mirror = new Mirror(site, engine, () => view, show, tell);
const wanted = readAddress(site, location.search);
/** @type {View} */
let view = settle(site, wanted);

/** Say what went wrong, or nothing. @param {unknown} [error] */
function tell(error) {
  const said = error ? sayProblem(error) : "";
  write("message", said);
  part("message").hidden = !said;
  progress.clear();
}

/** Look at something else. @param {Partial<View>} change */
function show(change) {
  const before = view;
  view = settle(site, { ...view, ...change });
  follow();
  write("note", "");
  if (view.tab === "mirror") mirror.follow();
  else if (!sameConfiguration(before, view) || before.tab === "mirror" || !("tab" in change)) answers.ask(view);
  if (before.tab === "mirror" && view.tab !== "mirror") mirror.stop();
}

/** Let controls, address and links say what is looked at. */
function follow() {
  const address = addressOf(view);
  history.replaceState(null, "", address);
  if (site.server) part("server").href = `${site.server}${address}`;
  document.body.dataset.tab = view.tab;
  document.querySelectorAll("#tabs [data-tab]").forEach((button) => {
    button.toggleAttribute("aria-current", /** @type {HTMLElement} */ (button).dataset.tab === view.tab);
  });
  document.querySelectorAll("#examples [data-example]").forEach((button) => {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.example === view.example));
  });
  showChoice(site, view);
  showStep(site, view, show);
  painting.active = view.operation === "mask";
}

/** @param {ImageBitmap} bitmap @param {string} example */
async function take(bitmap, example) {
  tell();
  try {
    await answers.take(bitmap);
    show({ example });
  } catch (error) {
    tell(error);
  }
}

/** Go to a step of the lesson, which brings its photo. @param {number} number */
async function goTo(number) {
  const { example, looks } = site.lesson[number - 1];
  show({ step: number, ...(looks[0] ?? {}), operation: "", b_decoder: "" });
  if (example !== view.example) await loadExample(example, site).then((photo) => take(photo, example), tell);
}

/** The graphics card draws if it is right about the network's probe. */
async function useGraphics() {
  const box = part("graphics");
  box.disabled = true;
  try {
    await engine.ask("graphics", { wanted: box.checked, configuration: configurationOf(view) });
    await answers.ask(view);
  } catch (error) {
    box.checked = false;
    tell(error);
  }
  box.disabled = false;
}

async function copyLink() {
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  if (!copied) window.prompt(say("copy_by_hand"), location.href);
  write("copy-link", copied ? say("copied") : say("copy"));
  setTimeout(() => write("copy-link", say("copy")), 2000);
}

/** The server's page has this one in a frame for its mirror, and says what to look at. @param {MessageEvent} event */
function hear(event) {
  if (event.origin === location.origin) show({ ...readAddress(site, `?${event.data}`), tab: "mirror" });
}

document.body.classList.toggle("framed", new URLSearchParams(location.search).has("framed"));
window.addEventListener("message", hear);
connectPhotos(site, take, tell);
connectChoice(site, () => view, show, painting);
part("graphics").addEventListener("change", useGraphics);
hasGraphics().then((found) => { part("graphics-row").hidden = !found; });
part("copy-link").addEventListener("click", copyLink);
document.querySelectorAll("#tabs [data-tab]").forEach((button) => {
  const { tab } = /** @type {HTMLElement} */ (button).dataset;
  button.addEventListener("click", () => (tab === "learn" ? (show({ tab }), goTo(view.step)) : show({ tab })));
});
document.querySelectorAll("#steps [data-step]").forEach((button) => {
  button.addEventListener("click", () => goTo(Number(/** @type {HTMLElement} */ (button).dataset.step)));
});
follow();
engine.ask("prepare", configurationOf(view)).catch(() => {}); // beside the photo; what fails is told when it is asked
const first = site.examples.includes(view.example) ? view.example : site.examples[0];
await loadExample(first, site).then((photo) => take(photo, first), tell);
write("note", sameConfiguration(wanted, view) ? "" : say("other_shown"));
navigator.serviceWorker?.register("sw.js").catch(() => {}); // without it the page needs its server again
