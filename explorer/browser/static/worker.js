// The worker in which networks run, so that the page never waits for them. It answers one question at a time.

import { crop, planes } from "./crop.js";
import { lpips, psnr, ssim } from "./measures.js";
import { Networks } from "./networks.js";
import { operate } from "./surgery.js";

/** @import { Change, Configuration, Drawn, Site } from "./types.js" */

const JUDGE = { architecture: "alexnet", layer: "conv5", weights: "imagenet", decoder: "", loss: "" };
const PROGRESS_MS = 80;

/** @type {Site} */
let site;
/** @type {Networks} */
let networks;
let photo = new Float32Array();
/** The features of the photo, by network and layer. @type {Map<string, Float32Array>} */
let features = new Map();
let lastProgress = 0;

const verbs = {
  /** @param {{site: Site, base: string}} told */
  open(told) {
    site = told.site;
    networks = new Networks(site, new URL(told.base), (file, done, all) => {
      if (done < all && performance.now() - lastProgress < PROGRESS_MS) return;
      lastProgress = performance.now();
      postMessage({ progress: { file, done, all } });
    });
  },

  /** Take a photo; answer with its crop, 224 x 224 x 3 bytes. @param {ImageBitmap} bitmap */
  photo(bitmap) {
    const bytes = crop(bitmap);
    bitmap.close();
    photo = planes(bytes);
    features = new Map();
    return bytes;
  },

  /** @param {{wanted: boolean, configuration: Configuration}} asked */
  graphics: ({ wanted, configuration }) => networks.useGraphics(wanted, configuration),

  /** @param {Configuration} c */
  prepare: (c) => networks.prepare(c),

  /** @param {{configuration: Configuration, change: Change | null}} asked @returns {Promise<Drawn>} */
  async draw({ configuration, change }) {
    await networks.prepare(configuration);
    const started = performance.now();
    let found = await featuresOf(configuration);
    if (change) {
      const given = { ...(await networks.statistics(configuration)), painted: change.painted };
      found = operate(found, change, given);
    }
    const picture = await networks.decode(found, configuration);
    const seconds = (performance.now() - started) / 1000;
    const graphics = (await networks.provider(configuration)) !== "wasm";
    return { picture, psnr: psnr(picture, photo), ssim: ssim(picture, photo), seconds, graphics };
  },

  /** LPIPS of a picture and the photo, null while AlexNet is not loaded. @param {Float32Array} picture */
  async lpips(picture) {
    if (!networks.hasJudge) return null;
    const layers = site.layers.filter((row) => row.architecture === "alexnet" && row.weights === "imagenet");
    const names = [...new Set(layers.map((row) => row.layer))];
    const [weights, drawn] = await Promise.all([networks.judge(), networks.encode(picture, JUDGE, names)]);
    await featuresOf(JUDGE);
    const own = names.map((name) => /** @type {Float32Array} */ (features.get(`alexnet-imagenet-${name}`)));
    return lpips(names.map((name) => drawn[name]), own, weights);
  },

  /** @param {Configuration} c */
  features: (c) => featuresOf(c).then((found) => found.slice()),

  /** A frame of the camera, drawn from its features as RGBA. @param {{frame: ImageBitmap, configuration: Configuration}} asked */
  async mirror({ frame, configuration }) {
    const canvas = new OffscreenCanvas(frame.width, frame.height);
    const drawing = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    drawing.drawImage(frame, 0, 0);
    frame.close();
    const seen = planes(drawing.getImageData(0, 0, canvas.width, canvas.height).data, 4);
    const found = await networks.encode(seen, configuration, [configuration.layer]);
    return networks.decode(found[configuration.layer], configuration);
  },
};

/** The features of the photo; one pass gives all layers up to the one asked for. @param {Configuration} c */
async function featuresOf(c) {
  const name = `${c.architecture}-${c.weights}`;
  if (!features.has(`${name}-${c.layer}`)) {
    const of = features; // of this photo, also when another has come meanwhile
    const rows = site.layers.filter((row) => row.architecture === c.architecture && row.weights === c.weights);
    const layers = rows.map((row) => row.layer);
    const reached = layers.slice(0, layers.indexOf(c.layer) + 1);
    const found = await networks.encode(photo, c, reached);
    for (const layer of reached) of.set(`${name}-${layer}`, found[layer]);
    return found[c.layer];
  }
  return /** @type {Float32Array} */ (features.get(`${name}-${c.layer}`));
}

let queue = Promise.resolve();

self.onmessage = ({ data }) => {
  if (data.verb === "prepare") answer(data); // a download does not keep others waiting
  else queue = queue.then(() => answer(data));
};

/** @param {{id: number, verb: string, argument: unknown}} asked */
async function answer({ id, verb, argument }) {
  try {
    const result = await verbs[/** @type {keyof typeof verbs} */ (verb)](/** @type {never} */ (argument));
    postMessage({ id, result });
  } catch (error) {
    const { message, values, stack } = /** @type {any} */ (error);
    postMessage({ id, trouble: values ? { message, values } : { message: "fault", values: {} } });
    if (!values) console.error(stack ?? message);
  }
}
