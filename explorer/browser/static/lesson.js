// The lesson: its texts come ready from the server's templates; its looks move the controls.

import { part, say } from "./parts.js";
import { sameConfiguration } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Site } from "./types.js" */

let shown = 0;

/** @param {Site} site @param {View} view @param {(change: Partial<View>) => void} show */
export function showStep(site, view, show) {
  const step = site.lesson[view.step - 1];
  document.querySelectorAll("#steps [data-step]").forEach((button) => {
    button.toggleAttribute("aria-current", Number(/** @type {HTMLElement} */ (button).dataset.step) === view.step);
  });
  if (shown !== view.step) {
    shown = view.step;
    part("reading").innerHTML = step.reading;
    part("thinking").innerHTML = step.thinking;
  }
  const [legend] = part("looks").children;
  part("looks").replaceChildren(legend, ...step.looks.map(({ label, ...configuration }) => {
    const [line, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "radio", name: "look", checked: sameConfiguration(configuration, view) });
    input.addEventListener("change", () => show(configuration));
    line.append(input, ` ${label}`);
    return line;
  }), step.looks.length ? "" : say("look_missing"));
}
