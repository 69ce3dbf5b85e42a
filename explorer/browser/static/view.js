// What is looked at, as one table of fields: read from the address, kept on offer, and written back. The names are
// those of the server's page, so that a link to either opens the same view.

/** @import { Configuration, Site } from "./types.js" */
/**
 * @typedef {Configuration & {tab: string, step: number, example: string, b_decoder: string, operation: string, strength: number}} View
 * `example` is empty for the visitor's own photo, `b_decoder` is "decoder/loss" of what stands beside, or empty.
 */

export const TABS = ["explore", "mirror", "learn"];
/** @type {{name: keyof View, kind: (text: string) => any, unless?: any}[]} */
const FIELDS = [
  ...["architecture", "layer", "decoder", "loss", "weights"].map((name) => ({ name: /** @type {keyof View} */ (name), kind: String })),
  { name: "example", kind: String, unless: "" },
  { name: "tab", kind: String },
  { name: "step", kind: Number, unless: 1 },
  { name: "b_decoder", kind: String, unless: "" },
  { name: "operation", kind: String, unless: "" },
  { name: "strength", kind: Number },
];

/** The view that the page opens on: the middle of the first network, with the decoder offered first there. @param {Site} site @returns {View} */
export function usualView(site) {
  const [network] = site.networks;
  const layers = layersOf(site, network.name, site.usual_weights);
  const [usual] = decodersAt(site, layers[Math.floor(layers.length / 2)]);
  const rest = { tab: "explore", step: 1, example: site.examples[0], b_decoder: "", operation: "", strength: 0 };
  return { ...usual, ...rest };
}

/**
 * What an address asks for; what it does not name is as the lesson's step has it, if it names one, or as usual.
 * @param {Site} site @param {string} search @returns {View}
 */
export function readAddress(site, search) {
  const asked = new URLSearchParams(search);
  const step = asked.get("tab") === "learn" ? site.lesson[Number(asked.get("step") ?? 1) - 1] : undefined;
  const view = /** @type {any} */ ({ ...usualView(site), ...step?.looks[0], ...(step && { example: step.example }) });
  for (const { name, kind } of FIELDS) if (asked.has(name)) view[name] = kind(/** @type {string} */ (asked.get(name)));
  return view;
}

/** @param {View} view */
export function addressOf(view) {
  const written = FIELDS.filter(({ name, unless }) => view[name] !== unless && (name !== "strength" || view.operation));
  return `?${new URLSearchParams(written.map(({ name }) => [name, String(view[name])]))}`;
}

/**
 * The view on offer nearest to the one wanted: the network is kept first, then the weights, the layer, the decoder.
 * @param {Site} site @param {View} wanted @returns {View}
 */
export function settle(site, wanted) {
  const architecture = keep(wanted.architecture, site.networks.map((network) => network.name));
  const weights = keep(wanted.weights, weightsOf(site, architecture), site.usual_weights);
  const layers = layersOf(site, architecture, weights).map((row) => row.layer);
  const layer = keep(wanted.layer, layers, atDepthOf(site, wanted.layer, layers));
  const here = decodersAt(site, { architecture, weights, layer });
  const found = here.find((c) => c.decoder === wanted.decoder && c.loss === wanted.loss) ??
    here.find((c) => c.decoder === wanted.decoder) ?? here[0];
  const beside = here.map(decoderKey).includes(wanted.b_decoder) ? wanted.b_decoder : "";
  const operation = site.operations.find((row) => row.name === wanted.operation);
  const strength = operation ? Math.min(operation.high, Math.max(operation.low, Number(wanted.strength) || 0)) : 0;
  return {
    ...wanted, ...found, strength, b_decoder: beside, operation: operation?.name ?? "",
    tab: TABS.includes(wanted.tab) ? wanted.tab : "explore",
    step: Math.min(site.lesson.length, Math.max(1, Math.round(wanted.step) || 1)),
  };
}

/** Whether two views have the same configuration. @param {Configuration} a @param {Configuration} b */
export function sameConfiguration(a, b) {
  return /** @type {(keyof Configuration)[]} */ (["architecture", "layer", "decoder", "loss", "weights"]).every((name) => a[name] === b[name]);
}

/** @param {View} view @returns {Configuration} */
export const configurationOf = ({ architecture, layer, decoder, loss, weights }) => ({ architecture, layer, decoder, loss, weights });

/** @param {Site} site @param {string} architecture @param {string} weights */
export const layersOf = (site, architecture, weights) =>
  site.layers.filter((row) => row.architecture === architecture && row.weights === weights);

/** @param {Site} site @param {{architecture: string, layer: string, weights: string}} place */
export const decodersAt = (site, { architecture, layer, weights }) =>
  site.configurations.filter((c) => c.architecture === architecture && c.layer === layer && c.weights === weights);

/** @param {{decoder: string, loss: string}} c */
export const decoderKey = ({ decoder, loss }) => `${decoder}/${loss}`;

/** @param {Site} site @param {string} architecture */
export const weightsOf = (site, architecture) =>
  [...new Set(site.layers.filter((row) => row.architecture === architecture).map((row) => row.weights))];

/** @param {string} value @param {string[]} offered @param {string} [second] */
function keep(value, offered, second = offered[0]) {
  return [value, second, offered[0]].find((name) => offered.includes(name)) ?? offered[0];
}

/** The one of `layers` as deep as a layer is in its own network. @param {Site} site @param {string} layer @param {string[]} layers */
function atDepthOf(site, layer, layers) {
  const own = site.networks.find((network) => network.layers.includes(layer))?.layers ?? [];
  const depth = own.length > 1 ? own.indexOf(layer) / (own.length - 1) : 0.5;
  return layers[Math.round(depth * (layers.length - 1))];
}
