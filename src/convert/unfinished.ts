import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { absolute } from '../reader/common/file-name.ts';
import { type Fingerprint, changed, fingerprint } from '../reader/fingerprint.ts';
import { type ConversionSource, type SourceLayout, isSent } from '../model/source-layout.ts';
import { type ConvertOptions, DEFAULT_OPTIONS } from '../model/options.ts';
import type { Unfinished } from '../model/plan.ts';
import { type Grid, blockExtent, blockGrids, blockIndex, blockNumber, childRange, indices } from '../pyramid/blocks.ts';
import { type Level, product, pyramid } from '../model/levels.ts';
import type { RangeEnd, Settings } from '../model/settings.ts';
import { BYTES_PER_VOXEL, type Dtype, type OuterShape, type Shape, volumeCount } from '../model/volume.ts';
import { VERSION } from '../model/version.ts';
import { named, option } from '../model/words.ts';
import { type BlockEntry, Journal, type JournalRecord } from '../zarr/journal.ts';

/** Everything that decides an output's bytes, under the names that a person knows. */
interface DecisiveOptions {
  version: string;
  chunkSize: Shape;
  shard: Shape | null;
  levels: number;
  downsample: string;
  compression: string;
  checksum: string;
  dtype: Dtype;
  channel: number[] | 'all' | null;
  image: string | number | null;
  describedBy: string;
  zAxis: string;
  palette: string;
  orientation: string;
  valueRange: [number | string, number | string] | 'found by a scan' | null;
  roi: number[];
  voxelSize: Shape | null;
  unit: string | null;
  omeZarr: string;
  labels: boolean;
  parent: boolean;
  /** Where the first voxel is, which the image decides that labels belong to. */
  position: Shape;
}

/** A person's request, with absolute paths. */
export interface ConversionRequest {
  source: string | string[];
  options: Partial<ConvertOptions>;
}

/** The head of a journal: the conversion that was begun. */
export interface ConversionRecord {
  /** Missing in journals of earlier versions, and where the source was sent and so came only once. */
  asked?: ConversionRequest;
  source: Fingerprint;
  /** Of the source, as read. */
  bytesPerVoxel: number;
  frames: OuterShape;
  decided: DecisiveOptions;
}

/** A journal's head with the lengths of a level-0 block, on which the indices of its entries depend. */
export interface JournalHead extends ConversionRecord {
  leaf: Shape;
}

export function conversionRecord(
  layout: SourceLayout,
  settings: Settings,
  levels: Level[],
  asked: { source: ConversionSource; options: Partial<ConvertOptions> }
): ConversionRecord {
  const {
    chunk,
    shard,
    downsample,
    compression,
    checksum,
    dtype,
    channel,
    image,
    describedBy,
    zAxis,
    palette,
    orientation,
    scaling,
    start,
    shape,
    voxelSize,
    unit,
    omeZarr,
    labels,
    parent,
    offset
  } = settings;
  const { resume: _, maxMemory: _memory, jobs: _jobs, ...options } = asked.options;
  return {
    ...(!isSent(asked.source) && {
      asked: {
        source: Array.isArray(asked.source) ? asked.source.map(absolute) : absolute(asked.source),
        options: { ...options, output: settings.output, ...(parent && { parent: parent.path }) }
      }
    }),
    source: fingerprint(layout),
    bytesPerVoxel: BYTES_PER_VOXEL[layout.dtype],
    frames: layout.outerShape,
    decided: {
      version: VERSION,
      chunkSize: chunk,
      shard,
      // Before the options that depend on it: only the first difference is told.
      voxelSize,
      unit,
      levels: levels.length,
      downsample,
      compression,
      checksum,
      dtype,
      channel,
      image,
      describedBy,
      zAxis,
      palette,
      orientation,
      valueRange: scaling && (scaling.range ?? endsText(scaling.ends)),
      roi: start.flatMap((from, axis) => [from, from + shape[axis]]),
      omeZarr,
      labels,
      parent: parent !== null,
      position: offset
    }
  };
}

function endsText(ends: [RangeEnd, RangeEnd]): DecisiveOptions['valueRange'] {
  const [min, max] = ends.map(end => (typeof end === 'number' ? end : `${end.percent}%`));
  return min === '0%' && max === '100%' ? 'found by a scan' : [min, max];
}

/** Why an unfinished conversion cannot be resumed as `now` has it, in words; null where it can. */
function difference(before: ConversionRecord, now: ConversionRecord): string | null {
  const source = changed(before.source, now.source);
  if (source) return source;
  for (const [name, value] of Object.entries(now.decided)) {
    const was: unknown = before.decided[name as keyof DecisiveOptions];
    if (JSON.stringify(was) !== JSON.stringify(value)) return `${nameOf(name)} was ${show(was)} and is ${show(value)}`;
  }
  return null;
}

const nameOf = (decided: string): string =>
  Object.hasOwn(DEFAULT_OPTIONS, decided) ? named(decided as keyof ConvertOptions) : decided;

const show = (value: unknown): string =>
  value === null ? 'not given' : Array.isArray(value) ? value.join(' ') : String(value);

/** Facts about an unfinished output for a person, before it is resumed or replaced. */
export function describeUnfinished(
  { head, blocks, written }: JournalRecord<JournalHead>,
  now: ConversionRecord
): Unfinished {
  const { roi, chunkSize, shard, voxelSize, levels: count } = head.decided;
  const shape: Shape = [roi[1] - roi[0], roi[3] - roi[2], roi[5] - roi[4]];
  const levels = pyramid(shape, chunkSize, voxelSize, count);
  const [grid] = blockGrids(levels, shard ?? chunkSize, head.leaf);
  const done = new Set(
    blocks.filter(({ level }) => level === 0).map(({ volume, index }) => blockNumber(grid, volume, index))
  );
  const voxels = [...done].reduce((sum, n) => sum + product(blockExtent(levels[0], grid, blockIndex(grid, n))), 0);
  return {
    written,
    doneBytes: voxels * head.bytesPerVoxel,
    totalBytes: volumeCount(head.frames) * product(shape) * head.bytesPerVoxel,
    refusal: difference(head, now)
  };
}

/**
 * The request with which an unfinished output was begun.
 *
 * @throws ConvertError `not-found`; `resume-refused` where it does not say
 */
export function unfinishedRequest(partial: string): ConversionRequest {
  if (!existsSync(partial))
    throw new ConvertError(
      'not-found',
      'there is no such folder: what was unfinished may be done, or removed',
      'resume',
      { about: partial }
    );
  const asked = Journal.read<JournalHead>(partial)?.head.asked;
  const output = partial.replace(/\.partial$/, '');
  if (!asked || output === partial)
    throw new ConvertError(
      'resume-refused',
      `does not say what it was made of: convert that again to ${basename(output)}, which goes on with it where it can`,
      'resume',
      { about: partial }
    );
  return { source: asked.source, options: { ...asked.options, output } };
}

/** @throws ConvertError `resume-refused` */
export function checkResumable(partial: string, { refusal }: Unfinished): void {
  if (refusal)
    throw new ConvertError(
      'resume-refused',
      `cannot be gone on with, because ${refusal}: give what it was begun with, or start over (without ${option('resume')})`,
      'resume',
      { about: partial }
    );
}

/** Advice where what was planned can no longer be made: the name is taken by it. */
export const adviceToPlanAnew = (output: string): string =>
  `discard what is planned (${option('discard', output)}), and begin anew`;

/**
 * @param finished whether what was planned is there, whole
 * @throws ConvertError where what was planned would now be made otherwise: `resume-refused`, or `output-exists`
 */
export function checkPlanned(
  output: string,
  planned: ConversionRecord,
  now: ConversionRecord,
  finished: boolean
): void {
  const refusal = difference(planned, now);
  if (refusal && finished)
    throw new ConvertError(
      'output-exists',
      `was finished as it was planned before, and would be another one now, because ${refusal}: give what it was planned with, choose another output, or replace it (${option('overwrite')})`,
      'output',
      { about: output }
    );
  if (refusal)
    throw new ConvertError(
      'resume-refused',
      `${output}.partial: cannot be gone on with as it was planned, because ${refusal}: ${adviceToPlanAnew(output)}`,
      'source'
    );
}

/** Blocks of all levels whose files are as they should be, as are those of all finer blocks they were reduced from. */
export class Stored {
  readonly #grids: Grid[];
  /** By level and number. */
  readonly #entries: Map<number, BlockEntry>[];

  constructor(grids: Grid[]) {
    this.#grids = grids;
    this.#entries = grids.map(() => new Map());
  }

  add(entry: BlockEntry): void {
    const { volume, level, index } = entry;
    this.#entries[level].set(blockNumber(this.#grids[level], volume, index), entry);
  }

  readonly has = (volume: number, level: number, index: Shape): boolean =>
    this.#entries[level].has(blockNumber(this.#grids[level], volume, index));

  /** Lets go of blocks that are made of others which are not here. */
  prune(): void {
    for (let level = 1; level < this.#grids.length; level++) {
      const [above, grid] = [this.#grids[level - 1], this.#grids[level]];
      for (const [number, { volume, index }] of this.#entries[level]) {
        const { start, end } = childRange(grid, above, index);
        if (![...indices(start, end)].every(child => this.has(volume, level - 1, child)))
          this.#entries[level].delete(number);
      }
    }
  }

  *[Symbol.iterator](): Generator<BlockEntry> {
    for (const entries of this.#entries) yield* entries.values();
  }
}
