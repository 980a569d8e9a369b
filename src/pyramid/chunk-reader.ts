import { type Decoder, type StoredCompression, createDecoder, lengthChecked } from '../zarr/codec/index.ts';
import type { ChunkFile } from '../zarr/chunk-file.ts';
import type { Checksum } from '../model/options.ts';
import { BYTES_PER_VOXEL, type Dtype } from '../model/volume.ts';
import { type Filters, undoDelta } from '../zarr/filters.ts';
import type { ThreadContext } from './thread-context.ts';

/** How a chunk is stored. */
export interface ChunkForm {
  filters: Filters;
  compression: StoredCompression;
  checksum: Checksum;
  littleEndian: boolean;
  dtype: Dtype;
  /** Bytes of a chunk, decoded. */
  bytes: number;
}

/** Memory that a chunk is read by way of. */
export interface ChunkRoom {
  /** Address that it is decoded to, and the bytes that are free there. */
  target: number;
  targetBytes: number;
  /** Most that it may have as stored. */
  encodedBytes: number;
  /** How much of the scratch area is free. */
  scratchBytes: number;
}

/** Reads chunks of one form out of their files, in one thread. */
export class ChunkReader {
  readonly #context: ThreadContext;
  readonly #form: ChunkForm;
  readonly #decoder: Decoder | null;
  readonly #room: ChunkRoom;

  constructor(context: ThreadContext, form: ChunkForm, room: ChunkRoom) {
    this.#context = context;
    this.#form = form;
    this.#room = room;
    this.#decoder = createDecoder(form.compression, context.simd, context.memory);
  }

  /**
   * Brings a chunk's voxels, little-endian, to the target; returns how many bytes it has as stored.
   *
   * @throws Error that says what is wrong with it
   */
  read(file: ChunkFile, number: number): number {
    const { simd, memory, heap, areas } = this.#context;
    const { filters, compression, checksum, littleEndian, dtype, bytes } = this.#form;
    const { target, targetBytes, encodedBytes, scratchBytes } = this.#room;
    const [encoded] = areas.encoded;
    const isPlain = !this.#decoder && checksum === 'none' && !filters.shuffled;
    const source = isPlain ? target : encoded;
    const room = isPlain ? targetBytes : encodedBytes;
    const stored = file.read(number, heap.subarray(source, source + room));
    const length = checksum === 'none' ? stored : lengthChecked(simd, memory, source, stored, areas.scratch);
    if (this.#decoder) {
      try {
        this.#decoder(source, length, target, bytes, areas.scratch, scratchBytes);
      } catch (error) {
        throw new Error(`cannot be decoded as ${compression} (${(error as Error).message})`);
      }
      this.#context.threwAway(bytes);
      if (filters.shuffled) simd.copyBox(target, bytes, bytes, encoded, bytes, bytes, 1, 1, bytes);
    } else if (length !== bytes) {
      throw new Error(`has ${length} bytes, where ${bytes} were expected`);
    } else if (!isPlain && !filters.shuffled) {
      simd.copyBox(source, bytes, bytes, target, bytes, bytes, 1, 1, bytes);
    }
    if (filters.shuffled) simd.unshuffleBlock(encoded, target, bytes, filters.shuffled, 1, 0);
    const voxelBytes = BYTES_PER_VOXEL[dtype];
    if (!littleEndian && voxelBytes !== 1) simd.swap(target, bytes, voxelBytes);
    if (filters.delta) undoDelta(heap, target, bytes, dtype);
    return stored;
  }
}
