// How far two pictures are apart, as explorer/measures has it: PSNR, SSIM and LPIPS.

import { SIDE } from "./crop.js";

const WINDOW = 7; // scikit-image's default for SSIM
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
const EPSILON = 1e-10;

/** In dB for a peak of 1. @param {Float32Array} a @param {Float32Array} b */
export function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum ? -10 * Math.log10(sum / a.length) : Infinity;
}

/** Wang et al. 2004 with a uniform window, borders left out. @param {Float32Array} a @param {Float32Array} b */
export function ssim(a, b) {
  const positions = SIDE * SIDE;
  let total = 0;
  for (let channel = 0; channel < 3; channel++) {
    total += ssimOfPlane(a.subarray(channel * positions), b.subarray(channel * positions));
  }
  return total / 3;
}

/** @param {Float32Array} a @param {Float32Array} b */
function ssimOfPlane(a, b) {
  const unbiased = WINDOW ** 2 / (WINDOW ** 2 - 1);
  const [meanA, meanB, meanAA, meanBB, meanAB] = [
    (/** @type {number} */ i) => a[i], (/** @type {number} */ i) => b[i], (/** @type {number} */ i) => a[i] ** 2,
    (/** @type {number} */ i) => b[i] ** 2, (/** @type {number} */ i) => a[i] * b[i],
  ].map(windowMeans);
  let total = 0;
  for (let i = 0; i < meanA.length; i++) {
    const varianceA = unbiased * (meanAA[i] - meanA[i] ** 2);
    const varianceB = unbiased * (meanBB[i] - meanB[i] ** 2);
    const covariance = unbiased * (meanAB[i] - meanA[i] * meanB[i]);
    total += ((2 * meanA[i] * meanB[i] + C1) * (2 * covariance + C2)) /
      ((meanA[i] ** 2 + meanB[i] ** 2 + C1) * (varianceA + varianceB + C2));
  }
  return total / meanA.length;
}

/** Means over every whole 7 x 7 window, by running sums. @param {(i: number) => number} value */
function windowMeans(value) {
  const side = SIDE - WINDOW + 1;
  const rows = new Float64Array(SIDE * side);
  for (let row = 0; row < SIDE; row++) {
    let sum = 0;
    for (let column = 0; column < SIDE; column++) {
      sum += value(row * SIDE + column);
      if (column >= WINDOW) sum -= value(row * SIDE + column - WINDOW);
      if (column >= WINDOW - 1) rows[row * side + column - WINDOW + 1] = sum;
    }
  }
  const found = new Float64Array(side * side);
  for (let column = 0; column < side; column++) {
    let sum = 0;
    for (let row = 0; row < SIDE; row++) {
      sum += rows[row * side + column];
      if (row >= WINDOW) sum -= rows[(row - WINDOW) * side + column];
      if (row >= WINDOW - 1) found[(row - WINDOW + 1) * side + column] = sum / WINDOW ** 2;
    }
  }
  return found;
}

/**
 * LPIPS (Zhang et al. 2018, net='alex'): AlexNet's layers of both pictures, each position scaled to length 1.
 * @param {Float32Array[]} a @param {Float32Array[]} b @param {Float32Array[]} weights one a channel, by layer
 */
export function lpips(a, b, weights) {
  return weights.reduce((sum, weight, layer) => sum + distance(a[layer], b[layer], weight), 0);
}

/** @param {Float32Array} a @param {Float32Array} b @param {Float32Array} weights */
function distance(a, b, weights) {
  const positions = a.length / weights.length;
  const [lengthsA, lengthsB] = [a, b].map((features) => lengths(features, positions));
  let total = 0;
  weights.forEach((weight, channel) => {
    for (let i = 0; i < positions; i++) {
      const at = channel * positions + i;
      total += weight * (a[at] / lengthsA[i] - b[at] / lengthsB[i]) ** 2;
    }
  });
  return total / positions;
}

/** @param {Float32Array} features @param {number} positions */
function lengths(features, positions) {
  const sums = new Float64Array(positions);
  features.forEach((value, at) => { sums[at % positions] += value ** 2; });
  return sums.map((sum) => Math.sqrt(sum) + EPSILON);
}
