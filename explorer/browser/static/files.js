// Files of the site: fetched once, with progress, checked, and read as safetensors.

import { Problem } from "./trouble.js";

/** @typedef {(file: string, done: number, all: number) => void} Progress bytes */

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte >>> 0;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

export class Files {
  /** @param {URL} base @param {Record<string, [number, number]>} table @param {Progress} progress */
  constructor(base, table, progress) {
    this.base = base;
    this.table = table;
    this.progress = progress;
  }

  /**
   * The bytes of a file. What arrives damaged, or was kept so, is asked for once more past all caches.
   * @param {string} path
   */
  async read(path) {
    const [size, checksum] = this.table[path] ?? [0, 0];
    for (const cache of /** @type {RequestCache[]} */ (["default", "reload"])) {
      const bytes = await this.#fetch(path, size, cache);
      if (bytes?.length === size && crc32(bytes) === checksum) return bytes;
      if (!bytes) throw new Problem("file_missing", { file: path });
    }
    throw new Problem("file_damaged", { file: path });
  }

  /** @param {string} path @param {number} size @param {RequestCache} cache @returns {Promise<Uint8Array<ArrayBuffer> | null>} */
  async #fetch(path, size, cache) {
    const bytes = new Uint8Array(size);
    let done = 0;
    try {
      const answer = await fetch(new URL(path, this.base), { cache });
      if (!answer.ok || !answer.body) return null;
      const reader = answer.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (done + part.value.length > size) return new Uint8Array(0);
        bytes.set(part.value, done);
        done += part.value.length;
        this.progress(path, done, size);
      }
    } catch {
      return null;
    }
    return done === size ? bytes : new Uint8Array(0);
  }
}

/**
 * The float32 tensors of a safetensors file whose names a test admits.
 * @param {Uint8Array} bytes @param {(name: string) => boolean} wanted
 * @returns {Record<string, Float32Array>}
 */
export function tensors(bytes, wanted) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const names = Object.keys(header).filter((name) => header[name].dtype === "F32" && wanted(name));
  return Object.fromEntries(names.map((name) => {
    const [begin, end] = header[name].data_offsets;
    return [name, new Float32Array(bytes.slice(8 + length + begin, 8 + length + end).buffer)];
  }));
}
