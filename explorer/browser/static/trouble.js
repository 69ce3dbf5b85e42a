// Something that the visitor is told in a sentence: its name among the texts, and what stands in its braces.

export class Problem extends Error {
  /** @param {string} text @param {Record<string, string | number>} [values] */
  constructor(text, values = {}) {
    super(text);
    this.values = values;
  }
}
