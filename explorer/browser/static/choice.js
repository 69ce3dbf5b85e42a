// The controls: network, depth, decoders, and what is done to the features.

import { offer, part, say, write } from "./parts.js";
import { decoderKey, decodersAt, layersOf, weightsOf } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Site } from "./types.js" */

/**
 * @param {Site} site @param {() => View} view @param {(change: Partial<View>) => void} show
 * @param {import("./paint.js").Painting} painting
 */
export function connectChoice(site, view, show, painting) {
  /** @param {string} id @param {string} event @param {(value: string) => Partial<View>} change */
  const on = (id, event, change) => part(id).addEventListener(event, () => show(change(part(id).value)));
  on("architecture", "change", (architecture) => ({ architecture }));
  on("weights", "change", (weights) => ({ weights }));
  on("decoder", "change", (key) => ({ decoder: key.split("/")[0], loss: key.split("/")[1] }));
  on("b_decoder", "change", (key) => ({ b_decoder: key }));
  on("layer", "input", (value) => ({ layer: layersOf(site, view().architecture, view().weights)[Number(value)].layer }));
  on("strength", "input", (value) => ({ strength: Number(value) }));
  on("operation", "change", (name) => {
    const found = site.operations.find((row) => row.name === name);
    return { operation: name, strength: found?.default ?? 0 };
  });
  part("middle").addEventListener("click", () => painting.paintMiddle());
}

/** Let the controls stand on a view. @param {Site} site @param {View} view */
export function showChoice(site, view) {
  part("architecture").value = view.architecture;
  const kinds = weightsOf(site, view.architecture);
  part("weights").parentElement.hidden = kinds.length < 2;
  offer(part("weights"), kinds.map((kind) => [kind, site.weights[kind]]), view.weights);
  const decoders = decodersAt(site, view).map((c) =>
    /** @type {[string, string]} */ ([decoderKey(c), `${site.decoders[c.decoder]} (${site.losses[c.loss]})`]));
  offer(part("decoder"), decoders, decoderKey(view));
  const others = decoders.filter(([key]) => key !== decoderKey(view));
  offer(part("b_decoder"), [["", say("nothing_beside")], ...others], view.b_decoder);
  showDepth(site, view);
  showOperation(site, view);
}

/** @param {Site} site @param {View} view */
function showDepth(site, view) {
  const layers = layersOf(site, view.architecture, view.weights);
  const at = layers.findIndex((row) => row.layer === view.layer);
  const { channels, size } = layers[at];
  const said = say("depth_value", { layer: view.layer, number: at + 1, all: layers.length, channels, size });
  Object.assign(part("layer"), { max: layers.length - 1, value: at });
  part("layer").setAttribute("aria-valuetext", said);
  write("layer-about", said);
  part("layer-names").replaceChildren(...layers.map((row) => {
    const item = document.createElement("li");
    item.textContent = row.layer;
    item.classList.toggle("here", row.layer === view.layer);
    return item;
  }));
}

/** @param {Site} site @param {View} view */
function showOperation(site, view) {
  const operation = site.operations.find((row) => row.name === view.operation);
  part("operation").value = view.operation;
  part("strength-row").hidden = !operation;
  if (!operation) return;
  const { low, high, step, unit, summary, needs } = operation;
  Object.assign(part("strength"), { min: low, max: high, step });
  part("strength").value = view.strength;
  write("strength-value", say("strength_value", { value: view.strength, unit }));
  write("operation-about", needs ? say("paint") : summary);
  part("middle").hidden = !needs;
}
