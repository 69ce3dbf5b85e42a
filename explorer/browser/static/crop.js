// A photo -> the part that is looked at: short side 256, of which the centre 224, resized as Pillow does it
// (bicubic, antialiased, 8-bit steps), so that figures agree with the server's.

const SHORT = 256;
export const SIDE = 224;
const PRECISION = 22; // bits after the point of Pillow's weights
const STRIP = 2 ** 22; // source pixels that are unpacked at a time

/** Keys' cubic with a = -0.5. @param {number} x */
function cubic(x) {
  x = Math.abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

/**
 * For each output position the first source position and the integer weights from there.
 * @param {number} from @param {number} to
 * @returns {{first: number, weights: Int32Array}[]}
 */
export function kernels(from, to) {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = 2 * stretch;
  return Array.from({ length: to }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const exact = Array.from({ length: end - first }, (_, i) => cubic((i + first - centre + 0.5) / stretch));
    const sum = exact.reduce((total, weight) => total + weight, 0);
    return { first, weights: Int32Array.from(exact, (weight) => {
      const scaled = (weight / sum) * 2 ** PRECISION;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }) };
  });
}

/** As Python rounds: halves to the even neighbour. @param {number} x */
function round(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/** The size with a short side of 256. @param {number} width @param {number} height @returns {[number, number]} */
export function reducedSize(width, height) {
  const short = Math.min(width, height);
  return [Math.max(SHORT, round((width * SHORT) / short)), Math.max(SHORT, round((height * SHORT) / short))];
}

/** @param {number} sum */
const toByte = (sum) => Math.min(255, Math.max(0, Math.floor((sum + 2 ** (PRECISION - 1)) / 2 ** PRECISION)));

/**
 * The crop as RGB bytes, 224 x 224 x 3. Transparent parts lie on white.
 * @param {ImageBitmap} photo
 */
export function crop(photo) {
  const { width, height } = photo;
  const [wide, high] = reducedSize(width, height);
  const across = kernels(width, wide).slice((wide - SIDE) >> 1).slice(0, SIDE);
  const down = kernels(height, high).slice((high - SIDE) >> 1).slice(0, SIDE);
  const top = down[0].first;
  const bottom = Math.max(...down.map(({ first, weights }) => first + weights.length));
  const narrow = new Uint8Array((bottom - top) * SIDE * 3);
  const rows = Math.max(1, Math.floor(STRIP / width));
  const canvas = new OffscreenCanvas(width, Math.min(rows, bottom - top));
  const drawing = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  drawing.imageSmoothingEnabled = false;
  for (let row = top; row < bottom; row += rows) {
    const count = Math.min(rows, bottom - row);
    drawing.fillStyle = "white";
    drawing.fillRect(0, 0, width, count);
    drawing.drawImage(photo, 0, row, width, count, 0, 0, width, count);
    narrowRows(drawing.getImageData(0, 0, width, count).data, width, count, across, narrow, (row - top) * SIDE * 3);
  }
  return lowerRows(narrow, down, top);
}

/**
 * @param {Uint8ClampedArray} pixels @param {number} width @param {number} count
 * @param {ReturnType<typeof kernels>} across @param {Uint8Array} target @param {number} at
 */
function narrowRows(pixels, width, count, across, target, at) {
  for (let row = 0; row < count; row++) {
    for (const { first, weights } of across) {
      let [red, green, blue] = [0, 0, 0];
      let source = (row * width + first) * 4;
      for (let i = 0; i < weights.length; i++, source += 4) {
        const weight = weights[i];
        red += weight * pixels[source];
        green += weight * pixels[source + 1];
        blue += weight * pixels[source + 2];
      }
      target[at++] = toByte(red);
      target[at++] = toByte(green);
      target[at++] = toByte(blue);
    }
  }
}

/** @param {Uint8Array} narrow @param {ReturnType<typeof kernels>} down @param {number} top */
function lowerRows(narrow, down, top) {
  const stride = SIDE * 3;
  const found = new Uint8Array(SIDE * stride);
  down.forEach(({ first, weights }, row) => {
    for (let column = 0; column < stride; column++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * narrow[(first - top + i) * stride + column];
      found[row * stride + column] = toByte(sum);
    }
  });
  return found;
}

/** Interleaved bytes -> values in [0, 1], channel after channel. @param {ArrayLike<number>} bytes @param {number} [step] */
export function planes(bytes, step = 3) {
  const positions = SIDE * SIDE;
  const found = new Float32Array(3 * positions);
  for (let i = 0; i < positions; i++) {
    for (let channel = 0; channel < 3; channel++) found[channel * positions + i] = bytes[i * step + channel] / 255;
  }
  return found;
}
