// The page's side of the worker: questions go out, answers come back, in turn.

import { Problem } from "./trouble.js";

/** @import { Site } from "./types.js" */

export class Engine {
  /** @param {Site} site @param {(file: string, done: number, all: number) => void} [progress] */
  constructor(site, progress = () => {}) {
    // Made from a blob, the worker has the page's policy, so that it can reach no other machine either.
    const source = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(address, { type: "module" });
    this.next = 0;
    /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.worker.onmessage = ({ data }) => {
      if (data.progress) return progress(data.progress.file, data.progress.done, data.progress.all);
      const asker = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.trouble) asker?.reject(new Problem(data.trouble.message, data.trouble.values));
      else asker?.resolve(data.result);
    };
    this.worker.onerror = () => this.#fail(new Problem("file_missing", { file: "static/worker.js" }));
    this.ask("open", { site, base: document.baseURI });
  }

  /**
   * Ask the worker, whose verbs are in worker.js. Rejects with a Problem.
   * @param {string} verb @param {any} [argument] @param {Transferable[]} [transferred]
   * @returns {Promise<any>}
   */
  ask(verb, argument, transferred = []) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, verb, argument }, transferred);
    });
  }

  /** @param {Error} error */
  #fail(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
