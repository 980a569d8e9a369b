import { closeSync, ftruncateSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MEMORY_START, createMemory } from '../simd/index.ts';
import { ConvertError } from './errors.ts';
import { formatBytes } from './format.ts';
import type { Prepared } from './prepare.ts';
import { type Arrangement, aligned } from './pyramid/arrangement.ts';
import { depthFirst } from './pyramid/blocks.ts';
import { Crew } from './pyramid/crew.ts';
import { product } from './pyramid/levels.ts';
import { percentiles, sampleLattice } from './pyramid/sample.ts';
import { Schedule, performAll, performBlocks } from './pyramid/schedule.ts';
import { scratchLayout } from './pyramid/scratch-file.ts';
import type { Areas, Job, Report, Shared, Task } from './pyramid/task.ts';
import { VERSION } from './version.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape } from './volume.ts';
import type { Destination } from './zarr/destination.ts';
import { documents } from './zarr/metadata.ts';
import { writeError } from './zarr/system-errors.ts';

const TOP: Partial<Record<Dtype, number>> = { uint8: 255, uint16: 65535 };

/** Addresses in the shared memory: each worker's own areas, then the slots of each level. */
function layOut({ workers, areas, slots, slotBytes }: Arrangement): { areas: Areas[]; slots: number[][] } {
  let next = aligned(MEMORY_START);
  const take = (bytes: number) => {
    const address = next;
    next += bytes;
    return address;
  };
  return {
    areas: Array.from({ length: workers }, () => ({
      chunk: take(areas.chunk),
      encoded: take(areas.encoded),
      scratch: take(areas.scratch),
      staging: take(areas.staging)
    })),
    slots: slots.map((count, k) => Array.from({ length: count }, () => take(slotBytes[k])))
  };
}

function share({ memoryBytes }: Arrangement, points: number): Shared {
  try {
    return {
      memory: createMemory(memoryBytes),
      sample: new Float64Array(new SharedArrayBuffer(8 * points)),
      done: new BigInt64Array(new SharedArrayBuffer(8)),
      stop: new Int32Array(new SharedArrayBuffer(4))
    };
  } catch (error) {
    throw new ConvertError(
      'memory-too-small',
      `the system does not give ${formatBytes(memoryBytes)} of memory (${(error as Error).message}): choose a smaller memory budget`,
      'maxMemory'
    );
  }
}

/** One conversion under way: threads, memory and what has become known of the values. */
export class Conversion {
  readonly #prepared: Prepared;
  readonly #source: string | string[];
  readonly #destination: Destination;
  readonly #shared: Shared;
  readonly #slots: number[][];
  readonly #crew: Crew;
  #job: Job;

  constructor(
    prepared: Prepared,
    source: string | string[],
    destination: Destination,
    onBroken: (error: ConvertError) => void
  ) {
    const { layout, settings, levels, arrangement } = prepared;
    const { areas, slots } = layOut(arrangement);
    this.#prepared = prepared;
    this.#source = source;
    this.#destination = destination;
    const lattice = sampleLattice(levels[0].shape);
    const shared = share(arrangement, product(lattice.count));
    this.#shared = shared;
    this.#slots = slots;
    this.#crew = new Crew(areas, onBroken);
    this.#job = {
      layout,
      start: settings.start,
      levels,
      chunk: settings.chunk,
      dtype: settings.dtype,
      range: settings.scaling?.range ?? null,
      compression: settings.compression,
      omeZarr: settings.omeZarr,
      folder: destination.partial,
      arrangement,
      lattice,
      shared
    };
  }

  /** Bytes that are read in all passes together. */
  get totalBytes(): number {
    const { settings, arrangement, layout } = this.#prepared;
    const passes = 1 + Number(arrangement.decodeFirst) + Number(settings.scaling !== null && !settings.scaling.range);
    return passes * product(settings.shape) * BYTES_PER_VOXEL[layout.dtype];
  }

  get doneBytes(): number {
    return Number(Atomics.load(this.#shared.done, 0));
  }

  /** Writes everything under the partial name; returns what the result says, and the metadata's bytes in `bytesWritten`. */
  async run(): Promise<{ report: Report; range: [number, number] | null }> {
    const { settings, arrangement, plan } = this.#prepared;
    const scratch = arrangement.decodeFirst ? await this.#decodeFirst() : null;
    await this.#crew.begin(this.#job);
    if (settings.scaling && !settings.scaling.range) {
      this.#job = { ...this.#job, range: await this.#findRange() };
      await this.#crew.begin(this.#job);
    }
    const report = await performBlocks(this.#crew, new Schedule(arrangement, this.#slots));
    if (scratch) rmSync(scratch);
    await performAll(this.#crew, this.#folders());
    const { range } = this.#job;
    if (report.nan > 0 && range)
      plan.warnings.push(`${report.nan} voxels that are not a number (NaN) were written as 0.`);
    report.bytesWritten += await this.#destination.writeDocuments(this.#documents(report));
    return { report, range };
  }

  dismiss(patience: number): Promise<void> {
    Atomics.store(this.#shared.stop, 0, 1);
    return this.#crew.dismiss(patience);
  }

  /** Makes the workers read from a decoded copy of the region, and returns its path. */
  async #decodeFirst(): Promise<string> {
    const { layout, levels, arrangement } = this.#prepared;
    const { shape } = levels[0];
    const file = join(this.#destination.partial, '.decoded');
    try {
      const made = openSync(file, 'wx');
      ftruncateSync(made, arrangement.scratchFileBytes);
      closeSync(made);
    } catch (error) {
      throw writeError(error, file);
    }
    await this.#crew.begin(this.#job);
    await performAll(
      this.#crew,
      Array.from({ length: shape[0] }, (_, page): Task => ({ kind: 'decode', page, file }))
    );
    this.#job = { ...this.#job, layout: scratchLayout(file, layout, shape), start: [0, 0, 0] };
    return file;
  }

  async #findRange(): Promise<[number, number]> {
    const { arrangement, plan } = this.#prepared;
    const { min, max } = await performAll(this.#crew, scanTasks(depthFirst(arrangement.grids)));
    if (min <= max) return [min, max];
    plan.warnings.push('No voxel of the source is a finite number: every voxel was written as 0.');
    return [0, 0];
  }

  /** The folders of chunks, one task each. */
  *#folders(): Generator<Task> {
    const { partial } = this.#destination;
    const chunks = this.#prepared.settings.omeZarr === '0.5' ? 'c' : '';
    for (let level = 0; level < this.#prepared.levels.length; level++) {
      const folder = join(partial, String(level), chunks);
      for (const name of readdirSync(folder)) yield { kind: 'sync', folder: join(folder, name) };
    }
  }

  #documents({ min, max }: Report) {
    const { settings, levels, info } = this.#prepared;
    const { dtype, start, shape, chunk, compression, voxelSize, unit, omeZarr } = settings;
    const { range } = this.#job;
    const [low, high] = percentiles(this.#shared.sample, 0.001, 0.999) ?? (min <= max ? [min, max] : [0, 1]);
    const window =
      min <= max ? { start: low, end: high > low ? high : low + 1, min, max } : { start: 0, end: 1, min: 0, max: 1 };
    const sources = typeof this.#source === 'string' ? [this.#source] : this.#source;
    const origin = {
      version: VERSION,
      source: {
        name: basename(resolve(sources[0])),
        format: info.format,
        shape: info.shape,
        dtype: info.dtype,
        voxelSizeFrom: settings.voxelSizeFrom
      },
      roi: start.flatMap((from, axis) => [from, from + shape[axis]]),
      dtype,
      chunkSize: chunk,
      levels: levels.length,
      compression,
      scaling: range && {
        valueRange: range,
        slope: (range[1] - range[0]) / TOP[dtype]!,
        intercept: range[0],
        formula: 'source value = slope * stored value + intercept'
      }
    };
    const name = basename(settings.output).replace(/(\.ome)?\.zarr$/i, '');
    return documents({ name, levels, chunk, dtype, compression, voxelSize, unit, start, window, origin }, omeZarr);
  }
}

function* scanTasks(indices: Iterable<Shape>): Generator<Task> {
  for (const index of indices) yield { kind: 'scan', index };
}
