// Encoders and decoders as sessions of onnxruntime-web, made when they are first needed.

import { Files, tensors } from "./files.js";
import { SIDE } from "./crop.js";
import { Problem } from "./trouble.js";

/** @import { Configuration, Site } from "./types.js" */
/** @typedef {{run: (feeds: object, fetches?: string[]) => Promise<Record<string, {data: Float32Array, dispose: () => void}>>, release: () => Promise<void>}} Session */

const RUNTIME = "runtime/ort-wasm-simd-threaded.wasm";
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
    /** @type {Promise<any> | undefined} */
    this.runtime = undefined;
    /** @type {Map<string, Promise<Session>>} */
    this.encoders = new Map();
    /** @type {Map<string, Promise<Session>>} */
    this.decoders = new Map();
    /** @type {Map<string, Promise<Uint8Array>>} */
    this.weights = new Map();
    /** @type {Promise<Float32Array[]> | undefined} */
    this.lins = undefined;
  }

  /** Fetch, all at once, what a configuration needs. @param {Configuration} c */
  async prepare(c) {
    await Promise.all([this.encoder(c), this.decoder(c)]);
  }

  /**
   * The features of the layers asked for, from one pass that stops at the configuration's.
   * @param {Float32Array} photo 3 x 224 x 224 in [0, 1] @param {Configuration} c @param {string[]} layers
   * @returns {Promise<Record<string, Float32Array>>}
   */
  async encode(photo, c, layers) {
    return this.#run(await this.encoder(c), "photo", photo, [1, 3, SIDE, SIDE], layers);
  }

  /** @param {Float32Array} features @param {Configuration} c */
  async decode(features, c) {
    const session = await this.decoder(c);
    const { channels, size } = this.#layer(c);
    return (await this.#run(session, "features", features, [1, channels, size, size], ["picture"])).picture;
  }

  /** Each channel's mean and deviation over the decoder's training photos. @param {Configuration} c */
  async statistics(c) {
    const found = tensors(await this.files.read(`decoders/${nameOf(c)}.safetensors`), (name) => name.startsWith("feature_"));
    return { mean: found.feature_mean, std: found.feature_std };
  }

  /** Whether AlexNet has been fetched, so that LPIPS costs no download. */
  get hasJudge() {
    return this.weights.has("encoders/alexnet-imagenet.safetensors") || this.encoders.has("alexnet-imagenet-conv5");
  }

  /** The weights of LPIPS, by layer of AlexNet. */
  async judge() {
    this.lins ??= this.files.read("encoders/lpips_alex.safetensors").then((bytes) => {
      const found = tensors(bytes, () => true);
      return [0, 1, 2, 3, 4].map((layer) => found[`lin${layer}.model.1.weight`]);
    });
    return this.lins;
  }

  /** @param {Configuration} c */
  encoder(c) {
    const name = `${c.architecture}-${c.weights}`;
    const key = `${name}-${c.layer}`;
    return kept(this.encoders, key, MAX_ENCODERS, () => {
      const weights = `encoders/${name}.safetensors`;
      return this.#session(`encoders/${key}.onnx`, weights, kept(this.weights, weights, MAX_WEIGHTS, () => this.files.read(weights)));
    }, release);
  }

  /** @param {Configuration} c */
  decoder(c) {
    const name = nameOf(c);
    return kept(this.decoders, name, MAX_DECODERS, () => {
      const weights = `decoders/${name}.safetensors`;
      return this.#session(`decoders/${name}.onnx`, weights, this.files.read(weights));
    }, release);
  }

  /** @param {string} graph @param {string} path @param {Promise<Uint8Array>} weights @returns {Promise<Session>} */
  async #session(graph, path, weights) {
    const [ort, model, data] = await Promise.all([this.#ort(), this.files.read(graph), weights]);
    const externalData = [{ path: path.split("/").pop(), data }];
    // Fixed noise that meets weights from a file cannot be folded into a constant: no fault, but it would be told
    const options = { executionProviders: ["wasm"], externalData, logSeverityLevel: 3 };
    return ort.InferenceSession.create(model, options).catch(asProblem);
  }

  /**
   * @param {Session} session @param {string} input @param {Float32Array} values @param {number[]} shape
   * @param {string[]} outputs
   */
  async #run(session, input, values, shape, outputs) {
    const ort = await this.#ort();
    const found = await session.run({ [input]: new ort.Tensor("float32", values, shape) }, outputs).catch(asProblem);
    return Object.fromEntries(outputs.map((name) => [name, found[name].data]));
  }

  /** @param {Configuration} c */
  #layer(c) {
    const found = this.site.layers.find((row) => row.architecture === c.architecture && row.layer === c.layer);
    if (!found) throw new Problem("fault");
    return found;
  }

  #ort() {
    this.runtime ??= this.#start().catch((error) => {
      this.runtime = undefined;
      throw error;
    });
    return this.runtime;
  }

  async #start() {
    if (!WebAssembly.validate(Uint8Array.from(SIMD))) throw new Problem("no_simd");
    const [ort, binary] = await Promise.all([
      import(new URL("runtime/ort.wasm.min.mjs", this.base).href).catch(() => {
        throw new Problem("file_missing", { file: "runtime/ort.wasm.min.mjs" });
      }),
      this.files.read(RUNTIME),
    ]);
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: binary.buffer, wasmPaths: new URL("runtime/", this.base).href });
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
