// The graphics card: used for an encoder once it has answered the stored probe rightly, for a decoder once it has drawn
// what the processor draws.

import { SIDE } from "./crop.js";

/** @import { Probe } from "./types.js" */

export const NAME = "webgpu";
const TOLERANCE = 0.02; // of the largest

/** Whether there is a card that this browser can use. @returns {Promise<boolean>} */
export async function hasGraphics() {
  const { gpu } = /** @type {any} */ (navigator);
  return Boolean(await gpu?.requestAdapter().catch(() => null));
}

/** The picture that networks are probed with: explorer/browser/probe.py makes the same. @returns {Float32Array} */
export function probePhoto() {
  const photo = new Float32Array(3 * SIDE * SIDE);
  for (let i = 0; i < photo.length; i++) {
    const [channel, y, x] = [Math.floor(i / (SIDE * SIDE)) + 1, Math.floor(i / SIDE) % SIDE, i % SIDE];
    photo[i] = ((3 * x + 2 * y + 61 * channel * ((x >> 5) + (y >> 5))) % 256) / 255;
  }
  return photo;
}

/** Whether features are those that the probe expects. @param {Probe} probe @param {Float32Array} features */
export const isRight = (probe, features) => areClose(probe.features.map((_, at) => features[at * probe.step]), probe.features);

/**
 * Whether numbers are those expected, but for what cards round differently.
 * @param {ArrayLike<number>} found @param {ArrayLike<number>} expected
 */
export function areClose(found, expected) {
  let [largest, apart] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    apart = Math.max(apart, Math.abs(found[i] - expected[i]) || 0, Number.isFinite(found[i]) ? 0 : Infinity);
  }
  return apart <= TOLERANCE * largest;
}
