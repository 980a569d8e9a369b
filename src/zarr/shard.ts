import { crc32c } from './crc32c.ts';
import { type ChunkWriter, DIRECT_ALIGNMENT, type OutputFile } from './chunk-writer.ts';

/** Bytes gathered before they are written. */
const FLUSH = 1 << 20;
/** Offset and length of a chunk that is not there. */
const MISSING = 2n ** 64n - 1n;
const CRC_BYTES = 4;

/** Length of the index of a shard of so many chunks. */
export const indexBytes = (chunks: number): number => 16 * chunks + CRC_BYTES;

/** Bytes of memory that a shard needs while it is written, for encoded chunks of up to `bound` bytes. */
export const shardBuffer = (bound: number, chunks: number): number =>
  FLUSH + bound + indexBytes(chunks) + DIRECT_ALIGNMENT;

/**
 * A shard in the making, as the sharding codec has it
 * (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/): encoded chunks one after another, then the
 * index: offset and length of each in C order, and their CRC-32C.
 */
export class ShardFile {
  readonly #path: string;
  readonly #writer: ChunkWriter;
  readonly #file: OutputFile;
  readonly #heap: Uint8Array;
  readonly #index: BigUint64Array;
  /** Of the writer's area whose turn it is; bytes there that are not in the file yet. */
  #address: number;
  #held = 0;
  #length = 0;
  #closed = false;
  /** Ends when all that was begun is in the file: one piece after another. */
  #written: Promise<void> = Promise.resolve();

  private constructor(writer: ChunkWriter, memory: WebAssembly.Memory, path: string, chunks: number, address: number) {
    this.#path = path;
    this.#writer = writer;
    this.#file = writer.create(path, FLUSH);
    this.#heap = new Uint8Array(memory.buffer);
    this.#address = address;
    this.#index = new BigUint64Array(2 * chunks).fill(MISSING);
  }

  /** A new file for `chunks` chunks. The writer's areas must be of `shardBuffer` bytes. */
  static async create(
    writer: ChunkWriter,
    memory: WebAssembly.Memory,
    path: string,
    chunks: number
  ): Promise<ShardFile> {
    return new ShardFile(writer, memory, path, chunks, await writer.area());
  }

  /** Where the next chunk is to be encoded to. */
  get next(): number {
    return this.#address + this.#held;
  }

  /** Takes the `length` bytes at `next` for chunk `number`. */
  async append(number: number, length: number): Promise<void> {
    this.#index[2 * number] = BigInt(this.#length);
    this.#index[2 * number + 1] = BigInt(length);
    this.#take(length);
    if (this.#held < FLUSH) return;
    // Whole blocks of the disk; the rest moves on to the next area.
    const rest = this.#held % DIRECT_ALIGNMENT;
    const from = this.next - rest;
    this.#begin(this.#held - rest);
    this.#address = await this.#writer.area();
    this.#heap.copyWithin(this.#address, from, from + rest);
    this.#held = rest;
  }

  /** Ends the file with the index, and returns where that lies in the memory and how long it is. */
  finish(): [address: number, length: number] {
    const at = this.next;
    const index = new Uint8Array(this.#index.buffer);
    this.#heap.set(index, at);
    new DataView(this.#heap.buffer).setUint32(at + index.length, crc32c(index), true);
    const length = indexBytes(this.#index.length / 2);
    this.#take(length);
    this.#begin(this.#held, () => {
      this.#close();
      this.#writer.place(this.#path);
    });
    return [at, length];
  }

  /** Closes the file, once all that was begun is in it. */
  close(): void {
    const close = () => this.#close();
    this.#written.then(close, close);
  }

  #close(): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
  }

  #take(length: number): void {
    this.#held += length;
    this.#length += length;
  }

  /** Begins to write the first `length` of the bytes held. */
  #begin(length: number, done?: () => void): void {
    const position = this.#length - this.#held;
    this.#writer.begin(this.#path, address => {
      this.#written = this.#written.then(() => this.#file.put(address, length, position)).then(done);
      return this.#written;
    });
  }
}

/** Where each chunk of a shard lies, by the shard's last bytes; null where one is not there. */
export function readIndex(index: Uint8Array): ({ offset: number; length: number } | null)[] {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const entries = index.subarray(0, index.length - CRC_BYTES);
  if (view.getUint32(entries.length, true) !== crc32c(entries)) throw new Error('the index of a shard is damaged');
  return Array.from({ length: entries.length / 16 }, (_, n) => {
    const offset = view.getBigUint64(16 * n, true);
    return offset === MISSING ? null : { offset: Number(offset), length: Number(view.getBigUint64(16 * n + 8, true)) };
  });
}
