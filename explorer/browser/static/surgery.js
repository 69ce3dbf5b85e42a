// What can be done to features before they are decoded, as explorer/experiments/operations.py has it; the noise is
// as large as there, but other noise.

import { SIDE } from "./crop.js";

/** @typedef {{mean: Float32Array, std: Float32Array, painted: Uint8Array | null}} Given statistics a channel, and the mask */

const SEED = 0x9e3779b9;

/** @type {Record<string, (features: Float32Array, strength: number, given: Given) => Float32Array>} */
const OPERATIONS = { quantise, noise, drop, mask };

/**
 * @param {Float32Array} features @param {{operation: string, strength: number}} change @param {Given} given
 * @returns {Float32Array} other features of the same shape
 */
export function operate(features, change, given) {
  return OPERATIONS[change.operation](features, change.strength, given);
}

/** @type {(typeof OPERATIONS)[string]} */
function quantise(features, bits, { mean }) {
  const positions = features.length / mean.length;
  const found = new Float32Array(features.length);
  for (let start = 0; start < features.length; start += positions) {
    const channel = features.subarray(start, start + positions);
    let [low, high] = [Infinity, -Infinity];
    for (const value of channel) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const step = Math.max((high - low) / (2 ** bits - 1), 1e-12);
    channel.forEach((value, i) => { found[start + i] = low + Math.round((value - low) / step) * step; });
  }
  return found;
}

/** @type {(typeof OPERATIONS)[string]} */
function noise(features, times, { std }) {
  const positions = features.length / std.length;
  const normal = normals();
  return features.map((value, at) => value + times * std[Math.floor(at / positions)] * normal());
}

/** @type {(typeof OPERATIONS)[string]} */
function drop(features, percent, { mean }) {
  const positions = features.length / mean.length;
  const chosen = new Set(strongest(features, mean.length).slice(0, count(percent, mean.length)));
  return features.map((value, at) => {
    const channel = Math.floor(at / positions);
    return chosen.has(channel) ? mean[channel] : value;
  });
}

/** @type {(typeof OPERATIONS)[string]} */
function mask(features, percent, { mean, painted }) {
  const positions = features.length / mean.length;
  const order = shuffled(paintedPositions(painted ?? new Uint8Array(SIDE * SIDE), Math.sqrt(positions)));
  const chosen = new Set(order.slice(0, count(percent, order.length)));
  return features.map((value, at) => (chosen.has(at % positions) ? mean[Math.floor(at / positions)] : value));
}

/** Channels by root mean square, highest first. @param {Float32Array} features @param {number} channels */
export function strongest(features, channels) {
  const power = new Float64Array(channels);
  const positions = features.length / channels;
  features.forEach((value, at) => { power[Math.floor(at / positions)] += value ** 2; });
  return Array.from(power.keys()).sort((a, b) => power[b] - power[a] || a - b);
}

/** At least one unless it is 0 %. @param {number} percent @param {number} total */
const count = (percent, total) => (percent && total ? Math.max(1, Math.round((percent / 100) * total)) : 0);

/**
 * Positions of a grid of which at least half is painted, or, with a fine brush, most.
 * @param {Uint8Array} painted @param {number} size
 */
function paintedPositions(painted, size) {
  const coverage = Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const [top, left] = [row, column].map((x) => Math.floor((x * SIDE) / size));
    const [bottom, right] = [row, column].map((x) => Math.ceil(((x + 1) * SIDE) / size));
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += painted[y * SIDE + x];
    return sum / ((bottom - top) * (right - left));
  });
  const bound = Math.min(0.5, Math.max(...coverage));
  return bound ? Array.from(coverage.keys()).filter((at) => coverage[at] >= bound) : [];
}

/** @param {number[]} numbers */
function shuffled(numbers) {
  const next = uniforms();
  return numbers.map((number) => /** @type {[number, number]} */ ([next(), number])).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
}

/** Uniform numbers in [0, 1), always the same (mulberry32). */
function uniforms() {
  let state = SEED;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers, always the same (Box & Muller 1958). */
function normals() {
  const next = uniforms();
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
