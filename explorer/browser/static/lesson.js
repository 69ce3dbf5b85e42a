// The lesson: its texts come ready from the server's templates; its looks move the controls.

import { part, say } from "./parts.js";
import { sameConfiguration } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Site, Step } from "./types.js" */

let shown = 0;

/** @param {Site} site @param {View} view @param {(change: Partial<View>) => void} show */
export function showStep(site, view, show) {
  const step = site.lesson[view.step - 1];
  document.querySelectorAll("#steps [data-step]").forEach((button) => {
    button.toggleAttribute("aria-current", Number(/** @type {HTMLElement} */ (button).dataset.step) === view.step);
  });
  if (shown !== view.step) fill(step, show);
  shown = view.step;
  part("looks").querySelectorAll("input").forEach((/** @type {HTMLInputElement} */ input, /** @type {number} */ at) => {
    input.checked = sameConfiguration(step.looks[at], view);
  });
}

/** @param {Step} step @param {(change: Partial<View>) => void} show */
function fill(step, show) {
  part("reading").innerHTML = step.reading;
  part("thinking").innerHTML = step.thinking;
  const [legend] = part("looks").children;
  const choices = step.looks.map(({ label, ...configuration }) => {
    const [line, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "radio", name: "look" });
    input.addEventListener("change", () => show(configuration));
    line.append(input, ` ${label}`);
    return line;
  });
  part("looks").replaceChildren(legend, ...choices, choices.length ? "" : say("look_missing"));
}
