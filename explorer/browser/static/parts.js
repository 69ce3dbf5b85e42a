// Parts of the page by id, pictures on canvases, and sentences.

/** @import { Site } from "./types.js" */

/** @type {Site} */
let site;

/** @param {Site} loaded */
export const useTexts = (loaded) => { site = loaded; };

/**
 * A sentence of the texts, with values in its braces.
 * @param {string} name @param {Record<string, string | number>} [values]
 */
export function say(name, values = {}) {
  return (site.texts[name] ?? site.texts.fault).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/**
 * What a problem is told as.
 * @param {unknown} error
 */
export function sayProblem(error) {
  const { message, values } = /** @type {any} */ (error);
  if (!values) console.error(error);
  return values ? say(message, values) : say("fault");
}

/** @param {string} id @returns {any} an element, whose kind its user knows */
export function part(id) {
  return document.getElementById(id);
}

/** @param {string} id @param {string} text */
export function write(id, text) {
  part(id).textContent = text;
}

/** @param {HTMLElement} select @param {[string, string][]} options values and labels @param {string} chosen */
export function offer(select, options, chosen) {
  select.replaceChildren(...options.map(([value, label]) => new Option(label, value, false, value === chosen)));
}

/**
 * Draw values 3 x 224 x 224 in [0, 1], channel after channel.
 * @param {HTMLCanvasElement} canvas @param {Float32Array} picture
 */
export function drawPicture(canvas, picture) {
  const positions = picture.length / 3;
  const side = Math.sqrt(positions);
  const image = new ImageData(side, side);
  for (let i = 0; i < positions; i++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = 255 * picture[channel * positions + i];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** Draw RGB bytes, 224 x 224 x 3. @param {HTMLCanvasElement} canvas @param {Uint8Array} bytes */
export function drawBytes(canvas, bytes) {
  const image = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    image.data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
