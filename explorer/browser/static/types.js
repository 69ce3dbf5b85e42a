// The shapes that the page's scripts hand to each other, for readers and for tsc --checkJs.

/** @typedef {{architecture: string, layer: string, decoder: string, loss: string, weights: string}} Configuration */
/** @typedef {{name: string, title: string, full_title: string, layers: string[], megabytes: number}} Network */
/** @typedef {{architecture: string, weights: string, layer: string, channels: number, size: number}} Layer */
/** @typedef {{key: string, name: string, digits: number, unit: string, higher: boolean, readings: [number, string][]}} Metric */
/** @typedef {{name: string, title: string, summary: string, unit: string, low: number, high: number, default: number, step: number, needs: string}} Operation */
/** @typedef {{name: string, example: string, reading: string, thinking: string, looks: (Configuration & {label: string})[]}} Step */
/** @typedef {{layer: string, step: number, features: number[]}} Probe every `step`th number of a layer's features */
/** @typedef {{operation: string, strength: number, painted: Uint8Array | null}} Change what is done to the features; painted is 224 x 224 */

/**
 * What site.json holds: the tables of explorer/browser/tables.py.
 * @typedef {object} Site
 * @property {string | null} server
 * @property {string} usual_weights
 * @property {Network[]} networks
 * @property {Layer[]} layers
 * @property {Configuration[]} configurations
 * @property {Record<string, string>} decoders
 * @property {Record<string, string>} losses
 * @property {Record<string, string>} weights
 * @property {Metric[]} metrics
 * @property {Operation[]} operations
 * @property {string[]} examples
 * @property {{min_side: number, max_pixels: number, max_aspect: number}} photos
 * @property {number[]} colours
 * @property {Step[]} lesson
 * @property {Record<string, string>} texts
 * @property {Record<string, Probe>} probes by network and weights
 * @property {Record<string, [number, number]>} files bytes and CRC-32 by path
 */

/**
 * A photo decoded: values are 3 x 224 x 224 in [0, 1], channel after channel.
 * @typedef {object} Drawn
 * @property {Float32Array} picture
 * @property {number} psnr
 * @property {number} ssim
 * @property {number} seconds
 * @property {boolean} graphics whether the graphics card drew it
 */

export {};
