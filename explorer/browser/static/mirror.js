// The mirror: the camera, frame by frame, seen through a layer.

import { closeCamera, looksAway, openCamera, turnCamera } from "./camera.js";
import { SIDE } from "./crop.js";
import { drawPicture, part, say, write } from "./parts.js";
import { configurationOf, sameConfiguration } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Site } from "./types.js" */

const WINDOW_MS = 2000; // over which frames are counted
const SLOW = 4; // frames a second below which something cheaper is shown
const PATIENCE_MS = 4000;

export class Mirror {
  /**
   * @param {Site} site @param {import("./engine.js").Engine} engine @param {() => View} view
   * @param {(change: Partial<View>) => void} show @param {(error?: unknown) => void} tell
   */
  constructor(site, engine, view, show, tell) {
    this.site = site;
    this.engine = engine;
    this.view = view;
    this.show = show;
    this.tell = tell;
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true });
    this.running = 0;
    /** @type {number[]} */
    this.times = [];
    this.since = 0;
    part("mirror-on").addEventListener("click", () => (this.running ? this.stop() : this.start()));
    part("mirror-turn").addEventListener("click", () => this.start(turnCamera));
    part("whole-screen").addEventListener("click", () => this.#wholeScreen());
    document.addEventListener("keydown", (event) => event.key === "Escape" && part("stage").classList.remove("whole"));
    document.addEventListener("visibilitychange", () => this.running && write("mirror-said", document.hidden ? say("mirror_paused") : ""));
    this.#buttons();
  }

  async start(begin = openCamera) {
    const mine = (this.running = performance.now());
    this.#buttons();
    this.tell();
    try {
      if (!(await begin(this.video, part("mirror-turn")))) return;
      part("live").classList.toggle("away", looksAway(this.video));
      while (this.running === mine) await this.#frame();
    } catch (error) {
      if (this.running !== mine) return; // the camera before this one
      this.stop();
      this.tell(error);
    }
  }

  stop() {
    this.running = 0;
    closeCamera(this.video);
    write("rate", "");
    write("mirror-said", "");
    this.#buttons();
  }

  /** Begin to count anew: something else is looked at. */
  follow() {
    this.times = [];
    this.since = 0;
  }

  async #frame() {
    if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    const configuration = configurationOf(this.view());
    await this.engine.ask("prepare", configuration);
    const { videoWidth: width, videoHeight: height } = this.video;
    const side = Math.min(width, height);
    const frame = await createImageBitmap(this.video, (width - side) / 2, (height - side) / 2, side, side, {
      resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "medium",
    });
    const picture = await this.engine.ask("mirror", { frame, configuration }, [frame]);
    if (!this.running) return;
    drawPicture(part("live"), picture);
    if (sameConfiguration(configuration, this.view())) this.#count(performance.now());
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  /** @param {number} now */
  #count(now) {
    this.since ||= now;
    this.times = [...this.times.filter((time) => now - time < WINDOW_MS), now];
    const rate = this.times.length > 1 ? (1000 * (this.times.length - 1)) / (now - this.times[0]) : 0;
    write("rate", rate ? say("frames", { rate: rate.toFixed(1) }) : say("frames_none"));
    if (now - this.since > PATIENCE_MS && rate < SLOW) this.#stepDown();
  }

  /** Show something cheaper: the linear map first, then the layer before. */
  #stepDown() {
    const view = this.view();
    const cheaper = cheaperView(this.site, view);
    if (!cheaper) return this.follow();
    this.show(cheaper);
    write("mirror-said", cheaper.layer ? say("stepped_layer", { layer: cheaper.layer }) : say("stepped_linear"));
  }

  #wholeScreen() {
    const stage = part("stage");
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage.requestFullscreen) stage.requestFullscreen().catch(() => stage.classList.toggle("whole"));
    else stage.classList.toggle("whole");
  }

  #buttons() {
    write("mirror-on", say(this.running ? "mirror_stop" : "mirror_start"));
    if (!this.running) part("mirror-turn").hidden = true;
  }
}

/**
 * What costs less to draw than a view: its linear map, or that of the layer before. Null if there is none.
 * @param {Site} site @param {View} view @returns {Partial<View> | null}
 */
export function cheaperView(site, view) {
  const linear = site.configurations.filter((c) =>
    c.architecture === view.architecture && c.weights === view.weights && c.decoder === "linear");
  const here = linear.find((c) => c.layer === view.layer);
  if (here && view.decoder !== "linear") return { decoder: here.decoder, loss: here.loss };
  const before = linear[linear.findIndex((c) => c.layer === view.layer) - 1];
  return before ? { layer: before.layer, decoder: before.decoder, loss: before.loss } : null;
}
