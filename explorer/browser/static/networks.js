// Encoders and decoders as sessions of onnxruntime-web, made when they are first needed.

import { Files, tensors } from "./files.js";
import { SIDE } from "./crop.js";
import { NAME as GRAPHICS, areClose, hasGraphics, isRight, probePhoto } from "./graphics.js";
import { Problem } from "./trouble.js";

/** @import { Configuration, Site } from "./types.js" */
/** @typedef {{run: (feeds: object, fetches?: string[]) => Promise<Record<string, {data: Float32Array, dispose: () => void}>>, release: () => Promise<void>}} Session */

const PROCESSOR = "wasm";
/** @type {Record<string, {module: string, binary: string}>} */
const RUNTIMES = {
  [PROCESSOR]: { module: "runtime/ort.wasm.min.mjs", binary: "runtime/ort-wasm-simd-threaded.wasm" },
  [GRAPHICS]: { module: "graphics/ort.webgpu.min.mjs", binary: "graphics/ort-wasm-simd-threaded.asyncify.wasm" },
};
const MAX_ENCODERS = 3;
const MAX_DECODERS = 8;
const MAX_WEIGHTS = 2; // files kept as they came, from which deeper sessions are made
// (module (func (result v128) i32.const 0 i8x16.splat)), which only a browser with SIMD takes
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];

export class Networks {
  /** @param {Site} site @param {URL} base @param {import("./files.js").Progress} progress */
  constructor(site, base, progress) {
    this.site = site;
    this.base = base;
    this.files = new Files(base, site.files, progress);
    this.graphics = false; // whether the visitor wants the graphics card used
    /** @type {Map<string, Promise<any>>} */
    this.runtimes = new Map();
    /** Decoders that the graphics card draws as the processor does. @type {Set<string>} */
    this.checked = new Set();
    /** Decoders that it does not. @type {Set<string>} */
    this.refused = new Set();
    /** @type {Promise<any>} */
    this.making = Promise.resolve();
    /** Whether the graphics card was right about a network's probe. @type {Map<string, Promise<boolean>>} */
    this.probed = new Map();
    /** @type {Map<string, Promise<Session>>} */
    this.encoders = new Map();
    /** @type {Map<string, Promise<Session>>} */
    this.decoders = new Map();
    /** @type {Map<string, Promise<Uint8Array>>} */
    this.weights = new Map();
    /** @type {Promise<Float32Array[]> | undefined} */
    this.lins = undefined;
  }

  /** Use the graphics card, or not, if it is right about a network. @param {boolean} wanted @param {Configuration} c */
  async useGraphics(wanted, c) {
    if (wanted && !(await hasGraphics())) throw new Problem("no_graphics");
    this.graphics = wanted;
    if (!wanted || (await this.provider(c)) === GRAPHICS) return;
    this.graphics = false;
    throw new Problem("graphics_wrong");
  }

  /** What a network runs on. @param {Configuration} c @returns {Promise<string>} */
  async provider({ architecture, weights }) {
    const key = `${architecture}-${weights}`;
    if (!this.graphics || !this.site.probes[key]) return PROCESSOR;
    const right = this.probed.get(key) ?? this.#probe(key).catch(() => false);
    this.probed.set(key, right);
    return (await right) ? GRAPHICS : PROCESSOR;
  }

  /** Whether the graphics card answers the probe of an encoder as it should. @param {string} key */
  async #probe(key) {
    const probe = this.site.probes[key];
    const [architecture, weights] = key.split("-");
    const encoder = await this.#encoder({ architecture, weights, layer: probe.layer, decoder: "", loss: "" }, GRAPHICS);
    const found = await this.#run(encoder, GRAPHICS, "photo", probePhoto(), [1, 3, SIDE, SIDE], [probe.layer]);
    return isRight(probe, found[probe.layer]);
  }

  /** Fetch, all at once, what a configuration needs. @param {Configuration} c */
  async prepare(c) {
    const on = await this.provider(c);
    await Promise.all([this.#encoder(c, on), this.#decoder(c, this.refused.has(nameOf(c)) ? PROCESSOR : on)]);
  }

  /**
   * The features of the layers asked for, from one pass that stops at the configuration's.
   * @param {Float32Array} photo 3 x 224 x 224 in [0, 1] @param {Configuration} c @param {string[]} layers
   * @returns {Promise<Record<string, Float32Array>>}
   */
  async encode(photo, c, layers) {
    const on = await this.provider(c);
    return this.#run(await this.#encoder(c, on), on, "photo", photo, [1, 3, SIDE, SIDE], layers).catch((error) => {
      this.graphics = false;
      throw error;
    });
  }

  /** @param {Float32Array} features @param {Configuration} c @returns {Promise<Float32Array>} */
  async decode(features, c) {
    const name = nameOf(c);
    if (this.refused.has(name) || (await this.provider(c)) === PROCESSOR) return this.#draw(features, c, PROCESSOR);
    const drawn = await this.#draw(features, c, GRAPHICS).catch(() => null); // it may lack an operation
    if (drawn && this.checked.has(name)) return drawn;
    const expected = await this.#draw(features, c, PROCESSOR);
    (drawn && areClose(drawn, expected) ? this.checked : this.refused).add(name);
    return expected;
  }

  /** @param {Float32Array} features @param {Configuration} c @param {string} on what it runs on */
  async #draw(features, c, on) {
    const { channels, size } = this.#layer(c);
    const session = await this.#decoder(c, on);
    return (await this.#run(session, on, "features", features, [1, channels, size, size], ["picture"])).picture;
  }

  /** Each channel's mean and deviation over the decoder's training photos. @param {Configuration} c */
  async statistics(c) {
    const found = tensors(await this.files.read(`decoders/${nameOf(c)}.safetensors`), (name) => name.startsWith("feature_"));
    return { mean: found.feature_mean, std: found.feature_std };
  }

  /** Whether AlexNet has been fetched, so that LPIPS costs no download. */
  get hasJudge() {
    return this.weights.has("encoders/alexnet-imagenet.safetensors") || [PROCESSOR, GRAPHICS].some((on) => this.encoders.has(`${on}-alexnet-imagenet-conv5`));
  }

  /** The weights of LPIPS, by layer of AlexNet. */
  async judge() {
    this.lins ??= this.files.read("encoders/lpips_alex.safetensors").then((bytes) => {
      const found = tensors(bytes, () => true);
      return [0, 1, 2, 3, 4].map((layer) => found[`lin${layer}.model.1.weight`]);
    });
    return this.lins;
  }

  /** @param {Configuration} c @param {string} on what it runs on */
  #encoder(c, on) {
    const name = `${c.architecture}-${c.weights}`;
    const key = `${name}-${c.layer}`;
    return kept(this.encoders, `${on}-${key}`, MAX_ENCODERS, () => {
      const weights = `encoders/${name}.safetensors`;
      const read = kept(this.weights, weights, MAX_WEIGHTS, () => this.files.read(weights));
      return this.#session(on, `encoders/${key}.onnx`, weights, read);
    }, release);
  }

  /** @param {Configuration} c @param {string} on what it runs on */
  #decoder(c, on) {
    const name = nameOf(c);
    return kept(this.decoders, `${on}-${name}`, MAX_DECODERS, () => {
      const weights = `decoders/${name}.safetensors`;
      return this.#session(on, `decoders/${name}.onnx`, weights, this.files.read(weights));
    }, release);
  }

  /** @param {string} on @param {string} graph @param {string} path @param {Promise<Uint8Array>} weights @returns {Promise<Session>} */
  async #session(on, graph, path, weights) {
    const [ort, model, data] = await Promise.all([this.#ort(on), this.files.read(graph), weights]);
    const externalData = [{ path: path.split("/").pop(), data }];
    // Fixed noise that meets weights from a file cannot be folded into a constant: no fault, but it would be told
    const options = { executionProviders: [on], externalData, logSeverityLevel: 3 };
    const made = this.making.then(() => ort.InferenceSession.create(model, options));
    if (on === GRAPHICS) this.making = made.catch(() => {}); // it refuses to make two at once
    return made.catch(asProblem);
  }

  /**
   * @param {Session} session @param {string} on @param {string} input @param {Float32Array} values @param {number[]} shape
   * @param {string[]} outputs
   */
  async #run(session, on, input, values, shape, outputs) {
    const ort = await this.#ort(on);
    const found = await session.run({ [input]: new ort.Tensor("float32", values, shape) }, outputs).catch((error) => {
      if (on === GRAPHICS) throw new Problem("graphics_gone");
      return asProblem(error);
    });
    return Object.fromEntries(outputs.map((name) => [name, found[name].data]));
  }

  /** @param {Configuration} c */
  #layer(c) {
    const found = this.site.layers.find((row) => row.architecture === c.architecture && row.layer === c.layer);
    if (!found) throw new Problem("fault");
    return found;
  }

  /** @param {string} on */
  #ort(on) {
    return kept(this.runtimes, on, 2, () => this.#start(on));
  }

  /** @param {string} on */
  async #start(on) {
    if (!WebAssembly.validate(Uint8Array.from(SIMD))) throw new Problem("no_simd");
    const { module, binary } = RUNTIMES[on];
    const address = new URL(module, this.base);
    const [ort, bytes] = await Promise.all([
      import(address.href).catch(() => {
        throw new Problem("file_missing", { file: module });
      }),
      this.files.read(binary),
    ]);
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: bytes.buffer, wasmPaths: new URL(".", address).href });
    ort.env.logLevel = "error";
    return ort;
  }
}

/** @param {Configuration} c */
export const nameOf = (c) => `${c.architecture}-${c.layer}-${c.decoder}-${c.loss}-${c.weights}`;

/**
 * What is kept under a key, made if it is not there; the one used longest ago makes room. What fails is not kept.
 * @template T
 * @param {Map<string, Promise<T>>} store @param {string} key @param {number} most @param {() => Promise<T>} make
 * @param {(old: T) => void} [drop]
 */
function kept(store, key, most, make, drop = () => {}) {
  const found = store.get(key) ?? make();
  store.delete(key);
  store.set(key, found);
  found.catch(() => store.get(key) === found && store.delete(key));
  for (const [oldest, old] of store) {
    if (store.size <= most) break;
    store.delete(oldest);
    old.then(drop, () => {});
  }
  return found;
}

/** @param {Session} session */
const release = (session) => void session.release();

/** @param {any} error @returns {never} */
function asProblem(error) {
  if (/memory|allocat|bad_alloc/i.test(String(error?.message ?? error))) throw new Problem("no_memory");
  throw error;
}
