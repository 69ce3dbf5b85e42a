// The camera, which of several, and why there is none.

import { Problem } from "./trouble.js";

const REASONS = /** @type {Record<string, string>} */ ({
  NotAllowedError: "camera_refused", SecurityError: "camera_refused", NotFoundError: "no_camera",
  OverconstrainedError: "no_camera", NotReadableError: "camera_busy", AbortError: "camera_busy",
});
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };
let chosen = ""; // by the visitor, among several
/** @type {WeakMap<HTMLVideoElement, number>} how often a video was opened or closed: an answer may come too late */
const wishes = new WeakMap();

/**
 * Let a video show a camera: the one that was chosen last, else the one that looks at the visitor. The button that
 * turns to the next camera is seen where there is one. Returns whether it is still wanted. Throws a Problem.
 * @param {HTMLVideoElement} video @param {HTMLElement} turn
 */
export async function openCamera(video, turn) {
  if (!navigator.mediaDevices) throw new Problem("camera_insecure");
  const mine = wish(video);
  const wanted = () => wishes.get(video) === mine;
  const which = chosen ? { deviceId: { exact: chosen } } : { facingMode: "user" };
  try {
    const found = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...SIZE }, audio: false });
    if (wanted()) video.srcObject = found;
    else stop(found);
    if (wanted()) await video.play();
  } catch (error) {
    if (!wanted()) return false;
    chosen = ""; // it may be gone
    throw new Problem(REASONS[/** @type {Error} */ (error).name] ?? "no_camera");
  }
  const several = (await cameras()).length > 1;
  if (wanted()) turn.hidden = !several;
  return wanted();
}

/** As openCamera, for the next camera. @param {HTMLVideoElement} video @param {HTMLElement} turn */
export async function turnCamera(video, turn) {
  turn.hidden = true;
  const now = settings(video).deviceId ?? "";
  closeCamera(video); // phones give one camera at a time
  const found = await cameras();
  chosen = found[(found.indexOf(now) + 1) % found.length] ?? "";
  return openCamera(video, turn);
}

/** Whether the camera looks away from the visitor: its picture is not mirrored. @param {HTMLVideoElement} video */
export function looksAway(video) {
  return settings(video).facingMode === "environment";
}

/** @param {HTMLVideoElement} video */
export function closeCamera(video) {
  wish(video);
  stop(stream(video));
  video.srcObject = null;
}

/** @param {HTMLVideoElement} video */
function wish(video) {
  wishes.set(video, (wishes.get(video) ?? 0) + 1);
  return wishes.get(video);
}

/** @param {MediaStream | null} found */
function stop(found) {
  found?.getTracks().forEach((track) => track.stop());
}

async function cameras() {
  const found = await navigator.mediaDevices.enumerateDevices();
  return found.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
}

/** @param {HTMLVideoElement} video @returns {MediaTrackSettings} */
function settings(video) {
  return stream(video)?.getVideoTracks()[0]?.getSettings() ?? {};
}

/** @param {HTMLVideoElement} video */
function stream(video) {
  return /** @type {MediaStream | null} */ (video.srcObject);
}
