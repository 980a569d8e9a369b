import { closeSync, readSync } from 'node:fs';
import { openFile } from './files.ts';
import { indexBytes, readIndex } from './shard.ts';

function readExactly(file: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (read === 0) throw new Error(`it ends at ${offset + done} in place of ${offset + bytes.length} bytes`);
    done += read;
  }
}

/** A file of the output, read back: a chunk, or a shard. */
export class ChunkFile {
  readonly #file: number;
  /** Where it begins in what is open. */
  readonly #start: number;
  readonly #places: ReturnType<typeof readIndex>;
  /** A shard's last bytes. */
  readonly #index: Uint8Array | null = null;

  /** `shardChunks`: how many chunks the shard has room for; null for a file that is a chunk. */
  constructor(path: string, shardChunks: number | null) {
    const { file, start, size } = openFile(path);
    this.#file = file;
    this.#start = start;
    try {
      if (shardChunks === null) {
        this.#places = [{ offset: 0, length: size }];
      } else {
        const index = new Uint8Array(indexBytes(shardChunks));
        if (size < index.length) throw new Error(`it has ${size} bytes, fewer than the index of a shard`);
        readExactly(this.#file, index, start + size - index.length);
        this.#places = readIndex(index);
        this.#index = index;
      }
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** Whether the file has a chunk of that number. */
  has(number: number): boolean {
    return this.#places[number] != null;
  }

  /** Reads the encoded bytes of a chunk to the beginning of `target`, and returns how many they are. */
  read(number: number, target: Uint8Array): number {
    const place = this.#places[number];
    if (!place) throw new Error(`chunk ${number} is not there`);
    if (place.length > target.length)
      throw new Error(`chunk ${number} has ${place.length} bytes, more than it can have`);
    readExactly(this.#file, target.subarray(0, place.length), this.#start + place.offset);
    return place.length;
  }

  /**
   * Reads the pieces that the file was written in to the beginning of `target`, one after another: chunks, then a
   * shard's index. Yields their lengths.
   */
  *pieces(target: Uint8Array): Generator<number> {
    for (const [number, place] of this.#places.entries()) if (place) yield this.read(number, target);
    if (!this.#index) return;
    target.set(this.#index);
    yield this.#index.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}
