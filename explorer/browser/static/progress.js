// How much of what is being fetched has come.

import { part, say, write } from "./parts.js";

const MEGA = 1e6;

export class Progress {
  constructor() {
    /** @type {Map<string, [number, number]>} */
    this.files = new Map();
  }

  /** @param {string} file @param {number} done @param {number} all */
  report(file, done, all) {
    this.files.set(file, [done, all]);
    const sums = [...this.files.values()].reduce((sum, [some, whole]) => [sum[0] + some, sum[1] + whole], [0, 0]);
    if (sums[0] >= sums[1]) return this.clear();
    const [came, expected] = sums.map((bytes) => (bytes / MEGA).toFixed(1));
    part("progress").hidden = false;
    part("progress").value = sums[0] / sums[1];
    write("loading", say("loading", { done: came, all: expected }));
  }

  clear() {
    this.files.clear();
    part("progress").hidden = true;
    write("loading", "");
  }
}
