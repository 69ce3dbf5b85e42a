// From a view to its answer on the page: pictures, figures and feature maps. A newer question overtakes an older one.

import { FeatureMaps } from "./maps.js";
import { drawBytes, drawPicture, part, say, write } from "./parts.js";
import { configurationOf } from "./view.js";

/** @import { View } from "./view.js" */
/** @import { Change, Configuration, Drawn, Metric, Site } from "./types.js" */

export class Answers {
  /**
   * @param {Site} site @param {import("./engine.js").Engine} engine @param {import("./paint.js").Painting} painting
   * @param {(error?: unknown) => void} tell
   */
  constructor(site, engine, painting, tell) {
    this.site = site;
    this.engine = engine;
    this.painting = painting;
    this.tell = tell;
    this.maps = new FeatureMaps(site);
    this.latest = 0;
    this.turn = Promise.resolve();
    this.ready = false;
  }

  /** Take another photo; what has been asked about the one before it is dropped. @param {ImageBitmap} bitmap */
  async take(bitmap) {
    this.latest++;
    const bytes = await this.engine.ask("photo", bitmap, [bitmap]);
    drawBytes(part("original").querySelector("canvas"), bytes);
    this.painting.photo(bytes);
    this.maps.photo(bytes);
    this.ready = true;
  }

  /** Show the answer to a view, unless another is asked for meanwhile. @param {View} view */
  async ask(view) {
    if (!this.ready) return;
    const mine = ++this.latest;
    const overtaken = () => mine !== this.latest;
    document.body.setAttribute("aria-busy", "true");
    try {
      await this.engine.ask("prepare", configurationOf(view));
      const shown = this.turn.then(() => (overtaken() ? undefined : this.#show(view, overtaken)));
      this.turn = shown.catch(() => {});
      await shown;
      if (!overtaken()) this.tell();
    } catch (error) {
      if (!overtaken()) this.tell(error);
    } finally {
      if (!overtaken()) document.body.removeAttribute("aria-busy");
    }
  }

  /** @param {View} view @param {() => boolean} overtaken */
  async #show(view, overtaken) {
    const configuration = configurationOf(view);
    const change = view.operation && (view.operation !== "mask" || this.painting.any) ?
      { operation: view.operation, strength: view.strength, painted: this.painting.painted } : null;
    const drawn = await this.#draw(configuration, change);
    if (overtaken()) return;
    drawPicture(part("reconstruction").querySelector("canvas"), drawn.picture);
    this.#title(view, drawn);
    this.#figures({ psnr: drawn.psnr, ssim: drawn.ssim });
    await this.#beside(view, change, overtaken);
    if (overtaken()) return;
    this.maps.show(await this.engine.ask("features", configuration), view);
    const lpips = await this.engine.ask("lpips", drawn.picture);
    if (!overtaken()) this.#figures({ psnr: drawn.psnr, ssim: drawn.ssim, lpips });
  }

  /** @param {Configuration} configuration @param {Change | null} change @returns {Promise<Drawn>} */
  #draw(configuration, change) {
    return this.engine.ask("draw", { configuration, change });
  }

  /** What stands beside: another decoder, or the picture without the change. @param {View} view @param {Change | null} change @param {() => boolean} overtaken */
  async #beside(view, change, overtaken) {
    const figure = part("beside");
    const [decoder, loss] = view.b_decoder ? view.b_decoder.split("/") : [view.decoder, view.loss];
    figure.hidden = !(view.b_decoder || change);
    part("pair").classList.toggle("three", !figure.hidden);
    if (figure.hidden) return;
    const drawn = await this.#draw({ ...configurationOf(view), decoder, loss }, view.b_decoder ? change : null);
    if (overtaken()) return;
    drawPicture(figure.querySelector("canvas"), drawn.picture);
    const name = view.b_decoder ? say("made_by", this.#names({ decoder, loss })) : say("untouched");
    const figures = say("beside_figures", { psnr: drawn.psnr.toFixed(2), ssim: drawn.ssim.toFixed(3) });
    figure.querySelector("figcaption").textContent = `${name}: ${figures}`;
  }

  /** @param {View} view @param {Drawn} drawn */
  #title(view, drawn) {
    const network = this.site.networks.find((row) => row.name === view.architecture)?.full_title ?? view.architecture;
    const [title, about] = part("result-title").children;
    title.textContent = say("seen_through", { network, layer: view.layer });
    about.textContent = say("made_by", this.#names(view)) + (view.weights === "imagenet" ? "" : say("control")) +
      say(drawn.graphics ? "took_graphics" : "took", { seconds: drawn.seconds.toFixed(2) });
  }

  /** @param {{decoder: string, loss: string}} made */
  #names({ decoder, loss }) {
    return { decoder: this.site.decoders[decoder] ?? decoder, loss: this.site.losses[loss] ?? loss };
  }

  /** Null is what cannot be measured; what is not there yet is on its way. @param {Record<string, number | null>} figures */
  #figures(figures) {
    for (const metric of this.site.metrics) {
      const card = part(`card-${metric.key}`);
      const value = figures[metric.key];
      card.querySelector("b").textContent = typeof value === "number" ? format(metric, value) : "–";
      const missing = value === null ? say("lpips_needs") : "";
      card.querySelector(".reading").textContent = typeof value === "number" ? read(metric, value) : missing;
    }
  }
}

/** @param {Metric} metric @param {number} value */
const format = (metric, value) => (value === Infinity ? "∞" : value.toFixed(metric.digits));

/** What a value means: the sentence of the first bound that it reaches. @param {Metric} metric @param {number} value */
function read(metric, value) {
  return metric.readings.find(([bound]) => (metric.higher ? value >= bound : value <= bound))?.[1] ?? "";
}
