import { type Decoder, type StoredCompression, createDecoder, lengthChecked } from '../zarr/codec/index.ts';
import type { ChunkFile } from '../zarr/chunk-file.ts';
import type { Checksum } from '../model/options.ts';
import type { VoxelBytes } from '../model/volume.ts';
import type { ThreadContext } from './thread-context.ts';

/** How a chunk is stored. */
export interface ChunkForm {
  compression: StoredCompression;
  checksum: Checksum;
  littleEndian: boolean;
  voxelBytes: VoxelBytes;
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
    const { compression, checksum, littleEndian, voxelBytes, bytes } = this.#form;
    const { target, targetBytes, encodedBytes, scratchBytes } = this.#room;
    const isPlain = !this.#decoder && checksum === 'none';
    const source = isPlain ? target : areas.encoded[0];
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
    } else if (length !== bytes) {
      throw new Error(`has ${length} bytes, where ${bytes} were expected`);
    } else if (!isPlain) {
      simd.copyBox(source, bytes, bytes, target, bytes, bytes, 1, 1, bytes);
    }
    if (!littleEndian && voxelBytes !== 1) simd.swap(target, bytes, voxelBytes);
    return stored;
  }
}
