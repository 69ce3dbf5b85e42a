// Where photos come from: an example, a file, the clipboard, what is dropped, or the camera.

import { closeCamera, looksAway, openCamera, turnCamera } from "./camera.js";
import { part } from "./parts.js";
import { Problem } from "./trouble.js";

/** @import { Site } from "./types.js" */

const LARGE = 2 ** 24; // pixels from which a refusal to decode is put down to the size


/**
 * Connect everything that brings a photo.
 * @param {(photo: ImageBitmap, example: string) => void} take @param {(error: unknown) => void} refuse
 * @param {Site} site
 */
export function connectPhotos(site, take, refuse) {
  /** @param {Blob} file */
  const bring = (file) => decode(file, site).then((photo) => take(photo, ""), refuse);
  part("examples").addEventListener("click", (/** @type {any} */ event) => {
    const name = event.target.closest("[data-example]")?.dataset.example;
    if (name) loadExample(name, site).then((photo) => take(photo, name), refuse);
  });
  part("file").addEventListener("change", (/** @type {any} */ event) => {
    if (event.target.files[0]) bring(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file) bring(file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) bring(file);
  });
  connectCamera((photo) => take(photo, ""), refuse);
}

/** @param {(photo: ImageBitmap) => void} take @param {(error: unknown) => void} refuse */
function connectCamera(take, refuse) {
  const video = part("viewfinder").querySelector("video");
  const shoot = part("shoot");
  const close = () => {
    closeCamera(video);
    part("viewfinder").hidden = true;
    part("camera").hidden = false;
  };
  /** @param {typeof openCamera} begin */
  const see = async (begin) => {
    shoot.disabled = true; // a video without its first frame is no photo
    try {
      if (!(await begin(video, part("camera-turn")))) return;
      shoot.disabled = false;
      video.classList.toggle("away", looksAway(video));
      part("viewfinder").hidden = false;
      part("camera").hidden = true;
    } catch (error) {
      close();
      refuse(error);
    }
  };
  part("camera").addEventListener("click", () => see(openCamera));
  part("camera-turn").addEventListener("click", () => see(turnCamera));
  shoot.addEventListener("click", () => createImageBitmap(video).then(take, refuse).finally(close));
  part("camera-off").addEventListener("click", close);
}

/** @param {string} name @param {Site} site */
export async function loadExample(name, site) {
  const answer = await fetch(`examples/${encodeURIComponent(name)}.jpg`).catch(() => null);
  if (!answer?.ok) throw new Problem("file_missing", { file: `${name}.jpg` });
  return decode(await answer.blob(), site);
}

/**
 * The upright photo in a file. Its size is looked at before its pixels are unpacked.
 * @param {Blob & {name?: string}} file @param {Site} site @returns {Promise<ImageBitmap>}
 */
export async function decode(file, site) {
  const name = file.name || site.texts.own_photo;
  const [width, height] = await sizeOf(file).catch(() => {
    throw new Problem("photo_unreadable", { name });
  });
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const { min_side: least, max_pixels: limit, max_aspect: most } = site.photos;
  if (width * height > limit) throw new Problem("photo_over_limit", { name, limit: limit / 1e6 });
  if (short < least) throw new Problem("photo_too_small", { name, width, height, least });
  if (long > most * short) throw new Problem("photo_too_long", { name, width, height, most });
  try {
    return await createImageBitmap(file, { premultiplyAlpha: "none" });
  } catch {
    const megapixels = Math.round((width * height) / 1e6);
    if (width * height > LARGE) throw new Problem("photo_too_large", { name, megapixels });
    throw new Problem("photo_unreadable", { name });
  }
}

/** @param {Blob} file @returns {Promise<[number, number]>} */
async function sizeOf(file) {
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = address;
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }));
    return [image.naturalWidth, image.naturalHeight];
  } finally {
    URL.revokeObjectURL(address);
  }
}
