// The camera, and why there is none.

import { Problem } from "./trouble.js";

const REASONS = /** @type {Record<string, string>} */ ({
  NotAllowedError: "camera_refused", SecurityError: "camera_refused", NotFoundError: "no_camera",
  OverconstrainedError: "no_camera", NotReadableError: "camera_busy", AbortError: "camera_busy",
});

/** Let a video show the camera that looks at the visitor. Throws a Problem. @param {HTMLVideoElement} video */
export async function openCamera(video) {
  if (!navigator.mediaDevices) throw new Problem("camera_insecure");
  const wanted = { video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } }, audio: false };
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw new Problem(REASONS[/** @type {Error} */ (error).name] ?? "no_camera");
  }
  await video.play();
}

/** @param {HTMLVideoElement} video */
export function closeCamera(video) {
  const stream = /** @type {MediaStream | null} */ (video.srcObject);
  stream?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}
