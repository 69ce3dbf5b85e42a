// Painting over the original: what is to be erased from the features.

import { SIDE } from "./crop.js";
import { drawBytes } from "./parts.js";

const BRUSH = 14; // pixels, of 224
const COLOUR = "rgb(15 118 110 / 70%)";

export class Painting {
  /** @param {HTMLCanvasElement} canvas @param {() => void} done called after each stroke */
  constructor(canvas, done) {
    this.canvas = canvas;
    this.done = done;
    this.painted = new Uint8Array(SIDE * SIDE);
    /** @type {Uint8Array} */
    this.bytes = new Uint8Array(3 * SIDE * SIDE);
    this.isActive = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.isActive) return;
      canvas.setPointerCapture(event.pointerId);
      this.#at(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.isActive && event.buttons) this.#at(event);
    });
    canvas.addEventListener("pointerup", () => this.isActive && this.done());
  }

  get any() {
    return this.painted.includes(1);
  }

  /** @param {boolean} active */
  set active(active) {
    if (this.isActive && !active) {
      this.painted.fill(0);
      this.#draw();
    }
    this.isActive = active;
    this.canvas.classList.toggle("painting", active);
  }

  /** Another photo has nothing painted on it. @param {Uint8Array} bytes */
  photo(bytes) {
    this.bytes = bytes;
    this.painted.fill(0);
  }

  paintMiddle() {
    const [from, to] = [SIDE / 4, (3 * SIDE) / 4];
    for (let y = from; y < to; y++) this.painted.fill(1, y * SIDE + from, y * SIDE + to);
    this.#draw();
    this.done();
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const scale = SIDE / this.canvas.clientWidth;
    const [x, y] = [event.offsetX * scale, event.offsetY * scale];
    for (let i = 0; i < this.painted.length; i++) {
      if (((i % SIDE) - x) ** 2 + (Math.floor(i / SIDE) - y) ** 2 < BRUSH ** 2) this.painted[i] = 1;
    }
    this.#draw();
  }

  #draw() {
    drawBytes(this.canvas, this.bytes);
    const drawing = this.canvas.getContext("2d");
    if (!drawing) return;
    drawing.fillStyle = COLOUR;
    this.painted.forEach((is, i) => is && drawing.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1));
  }
}
