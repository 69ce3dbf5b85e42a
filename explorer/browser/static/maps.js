// The feature maps of a layer: a mosaic of the strongest channels, and one of them large over the photo.

import { SIDE } from "./crop.js";
import { part, say, write } from "./parts.js";
import { strongest } from "./surgery.js";

/** @import { Site } from "./types.js" */
/** @import { View } from "./view.js" */

const SHOWN = 64;
const COLUMNS = 8;
const TILE = 56; // pixels a channel gets, unless its map is larger
const GAP = 2;
const OPACITY = 0.65; // of the map over the photo
const LUMA = [0.299, 0.587, 0.114];

export class FeatureMaps {
  /** @param {Site} site */
  constructor(site) {
    this.colours = Uint8Array.from(site.colours);
    this.grey = new Uint8Array(SIDE * SIDE);
    /** @type {Float32Array} */
    this.values = new Float32Array();
    /** @type {number[]} */
    this.order = [];
    this.size = 0;
    this.channels = 0;
    this.site = site;
    part("rank").addEventListener("input", () => this.enlarge(Number(part("rank").value)));
    part("mosaic").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#pick(event));
  }

  /** The photo that a channel is laid over, as RGB bytes. @param {Uint8Array} bytes */
  photo(bytes) {
    this.grey = this.grey.map((_, i) => LUMA.reduce((sum, weight, channel) => sum + weight * bytes[3 * i + channel], 0));
  }

  /** @param {Float32Array} values (C, size, size) @param {View} view */
  show(values, view) {
    const layer = this.site.layers.find((row) => row.architecture === view.architecture && row.layer === view.layer);
    if (!layer) return;
    this.values = values;
    this.channels = layer.channels;
    this.size = layer.size;
    this.order = strongest(values, this.channels);
    const shown = Math.min(SHOWN, this.channels);
    const [numbers, photo] = [values.length, 3 * SIDE * SIDE].map((count) => count.toLocaleString("en"));
    write("maps-about", say("maps_about", { channels: this.channels, size: this.size, numbers, photo, shown }));
    part("rank").max = this.channels;
    if (Number(part("rank").value) > this.channels) part("rank").value = 1;
    this.#mosaic(shown);
    this.enlarge(Number(part("rank").value));
  }

  /** Show one channel large. @param {number} rank by strength, from 1 */
  enlarge(rank) {
    const channel = this.order[rank - 1];
    if (channel === undefined) return;
    const squares = this.#coloured(channel);
    const image = new ImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const row = Math.floor((Math.floor(i / SIDE) * this.size) / SIDE);
      const at = row * this.size + Math.floor(((i % SIDE) * this.size) / SIDE);
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = OPACITY * squares[4 * at + c] + (1 - OPACITY) * this.grey[i];
      image.data[4 * i + 3] = 255;
    }
    part("map").getContext("2d").putImageData(image, 0, 0);
    part("map").setAttribute("aria-label", say("map_alt", { channel }));
    part("rank").setAttribute("aria-valuetext", say("map_title", { channel, rank }));
    write("map-title", say("map_title", { channel, rank }));
  }

  /** One channel from its lowest value (dark) to its highest, as RGBA. @param {number} channel */
  #coloured(channel) {
    const positions = this.size ** 2;
    const map = this.values.subarray(channel * positions, (channel + 1) * positions);
    let [low, high] = [Infinity, -Infinity];
    for (const value of map) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const last = this.colours.length / 3 - 1;
    const found = new Uint8ClampedArray(4 * positions);
    map.forEach((value, i) => {
      const level = high > low ? Math.round(((value - low) / (high - low)) * last) : 0;
      found.set(this.colours.subarray(3 * level, 3 * level + 3), 4 * i);
      found[4 * i + 3] = 255;
    });
    return found;
  }

  get #pitch() {
    return this.size * Math.max(1, Math.floor(TILE / this.size)) + GAP;
  }

  /** @param {number} shown */
  #mosaic(shown) {
    const canvas = part("mosaic");
    canvas.width = COLUMNS * this.#pitch - GAP;
    canvas.height = Math.ceil(shown / COLUMNS) * this.#pitch - GAP;
    const drawing = canvas.getContext("2d");
    drawing.imageSmoothingEnabled = false;
    const tile = new OffscreenCanvas(this.size, this.size);
    this.order.slice(0, shown).forEach((channel, place) => {
      const image = new ImageData(this.#coloured(channel), this.size);
      tile.getContext("2d")?.putImageData(image, 0, 0);
      const [x, y] = [place % COLUMNS, Math.floor(place / COLUMNS)].map((n) => n * this.#pitch);
      drawing.drawImage(tile, x, y, this.#pitch - GAP, this.#pitch - GAP);
    });
  }

  /** @param {MouseEvent} event */
  #pick(event) {
    const canvas = part("mosaic");
    const scale = canvas.width / canvas.clientWidth / this.#pitch;
    const [column, row] = [event.offsetX, event.offsetY].map((x) => Math.floor(x * scale));
    part("rank").value = row * COLUMNS + column + 1;
    this.enlarge(Number(part("rank").value));
  }
}
