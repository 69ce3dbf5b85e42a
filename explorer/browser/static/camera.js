// The camera, which of several, and why there is none.

import { Problem } from "./trouble.js";

const REASONS = /** @type {Record<string, string>} */ ({
  NotAllowedError: "camera_refused", SecurityError: "camera_refused", NotFoundError: "no_camera",
  OverconstrainedError: "no_camera", NotReadableError: "camera_busy", AbortError: "camera_busy",
});
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };
let chosen = ""; // by the visitor, among several

/**
 * Let a video show a camera: the one that was chosen last, else the one that looks at the visitor. The button that
 * turns to the next camera is seen where there is one. Throws a Problem.
 * @param {HTMLVideoElement} video @param {HTMLElement} turn
 */
export async function openCamera(video, turn) {
  if (!navigator.mediaDevices) throw new Problem("camera_insecure");
  const which = chosen ? { deviceId: { exact: chosen } } : { facingMode: "user" };
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...SIZE }, audio: false });
  } catch (error) {
    chosen = ""; // it may be gone
    throw new Problem(REASONS[/** @type {Error} */ (error).name] ?? "no_camera");
  }
  await video.play();
  turn.hidden = (await cameras()).length < 2;
}

/** Let a video show the next camera. Throws a Problem. @param {HTMLVideoElement} video @param {HTMLElement} turn */
export async function turnCamera(video, turn) {
  const found = await cameras();
  const now = found.indexOf(settings(video).deviceId ?? "");
  chosen = found[(now + 1) % found.length] ?? "";
  closeCamera(video); // phones give one camera at a time
  await openCamera(video, turn);
}

/** Whether the camera looks away from the visitor: its picture is not mirrored. @param {HTMLVideoElement} video */
export function looksAway(video) {
  return settings(video).facingMode === "environment";
}

/** @param {HTMLVideoElement} video */
export function closeCamera(video) {
  stream(video)?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
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
