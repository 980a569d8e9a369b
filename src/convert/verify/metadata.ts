import { join, relative } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import { type Level, map3, product, pyramid } from '../../model/levels.ts';
import { LABELS_OF_FLOATS } from '../../model/volume.ts';
import { lengthsIn } from '../../model/units.ts';
import { type Shape, type VolumeInfo, spatial } from '../../model/volume.ts';
import { type ZarrArray, readArray } from '../../zarr/array.ts';
import type { StoredImage } from '../../zarr/image.ts';
import { movesBy } from '../../zarr/metadata.ts';
import type { Findings } from './findings.ts';
import type { Origin } from './origin.ts';

/** Levels that are made of each other, from `first` on, and are checked together. */
export interface Run {
  first: number;
  levels: Level[];
  arrays: ZarrArray[];
}

/** Relative: what multiplying and printing may change. */
const ROUNDING = 1e-9;

const times = (values: readonly number[]): string => values.join(' × ');
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => Math.abs(n - b[i]) <= ROUNDING * Math.max(Math.abs(n), Math.abs(b[i])));

const regionShape = ({ roi }: Origin): Shape => [roi[1] - roi[0], roi[3] - roi[2], roi[5] - roi[4]];

/** Whether a conversion makes voxels of the type stored of those of the source. */
function canBeMade({ source, dtype, valueRange, labels }: Origin): boolean {
  if (valueRange) return dtype === 'uint8' || dtype === 'uint16';
  if (labels && source.dtype.startsWith('float')) return dtype === LABELS_OF_FLOATS;
  return dtype === source.dtype || dtype.startsWith('float');
}

/** Checks of an image's metadata that need no voxel. */
export class MetadataCheck {
  readonly #output: string;
  readonly #image: StoredImage;
  readonly #origin: Origin | null;
  readonly #findings: Findings;
  readonly #document: string;

  constructor(output: string, image: StoredImage, origin: Origin | null, findings: Findings) {
    this.#output = output;
    this.#image = image;
    this.#origin = origin;
    this.#findings = findings;
    this.#document = relative(output, image.document);
  }

  /**
   * Reads the metadata of all levels, and says which of them can be read and belong together.
   *
   * @throws ConvertError `unsupported` where this program cannot read what another has written
   */
  runs(): Run[] {
    const { axes, datasets, type } = this.#image;
    const names = axes.map(({ name }) => name);
    if (!names.includes('y') || !names.includes('x') || new Set(names).size < names.length)
      throw new ConvertError(
        'unsupported',
        `${this.#image.document}: its axes are ${names.join(', ')}, and only images with y and x, each once, can be verified`,
        'output'
      );
    if (this.#origin && datasets.length !== this.#origin.levels)
      this.#say(null, `has ${datasets.length} levels, where ${this.#origin.levels} were written`);
    if (this.#origin && type !== this.#origin.downsample)
      this.#say(null, `says that its levels were made by ${type}, where it was ${this.#origin.downsample}`);
    const runs: Run[] = [];
    let above: Level | null = null;
    datasets.forEach(({ path }, k) => {
      const array = this.#array(k, path);
      const shape: Shape | null = array && spatial(array.shape);
      const level = this.#level(k, shape, above);
      if (this.#origin) this.#checkGeometry(k, level);
      above = level;
      if (!array || (shape && !same(shape, level.shape))) return;
      const run = runs.at(-1);
      if (this.#origin && run && run.first + run.levels.length === k) {
        run.levels.push(level);
        run.arrays.push(array);
      } else {
        runs.push({ first: k, levels: [level], arrays: [array] });
      }
    });
    return runs;
  }

  /** A level's array, by its metadata; null where that cannot be read, or is not as it was written. */
  #array(k: number, path: string): ZarrArray | null {
    let array: ZarrArray;
    try {
      const names = this.#image.axes.map(({ name }) => name);
      array = readArray(this.#output, path, names);
    } catch (error) {
      if (!(error instanceof ConvertError) || error.code === 'unsupported') throw error;
      const { about, problem } = error;
      const document = about === null ? path : relative(this.#output, about);
      this.#findings.metadata(k, document, `level ${k}, ${path}: ${problem}`);
      return null;
    }
    const { shape, chunk, shard, dtype, compression, checksum } = array;
    const before = (lengths: number[]) => lengths.slice(0, -3);
    const origin = this.#origin;
    if (!origin) return array;
    if (!same(before(shape), before(origin.source.shape)))
      return this.#say(k, `has the shape ${times(shape)}, where the source had ${times(origin.source.shape)}`, path);
    if (dtype !== origin.dtype)
      return this.#say(k, `has voxels of type ${dtype}, where ${origin.dtype} was written`, path);
    if (!same(spatial(chunk), origin.chunkSize))
      return this.#say(k, `has chunks of ${times(chunk)}, where ${times(origin.chunkSize)} was written`, path);
    const written = origin.shard && [...before(chunk), ...origin.shard];
    if (JSON.stringify(shard) !== JSON.stringify(written))
      return this.#say(
        k,
        `has ${shard ? `shards of ${times(shard)}` : 'no shards'}, where ${written ? times(written) : 'none'} were written`,
        path
      );
    if (compression !== origin.compression)
      return this.#say(k, `has ${compression} compression, where ${origin.compression} was written`, path);
    if (checksum !== origin.checksum)
      return this.#say(k, `has ${checksum} for a checksum, where ${origin.checksum} was written`, path);
    return array;
  }

  /**
   * A level as it should be: as its shape says that it was made, or where that cannot be, as a conversion would make it
   * now.
   */
  #level(k: number, found: Shape | null, above: Level | null): Level {
    const { path } = this.#image.datasets[k];
    if (!this.#origin || !above) {
      const shape = this.#origin ? regionShape(this.#origin) : found!;
      if (found && !same(found, shape))
        this.#say(k, `has the shape ${times(found)}, where ${times(shape)} was written`, path);
      return { shape, factor: [1, 1, 1], reduction: [1, 1, 1] };
    }
    const fits = found?.every((n, axis) => n === above.shape[axis] || n === Math.ceil(above.shape[axis] / 2));
    const shape = found && fits ? found : this.#planned(k, above).shape;
    if (found && !fits)
      this.#say(
        k,
        `has the shape ${times(found)}, where ${times(shape)} was expected below ${times(above.shape)}`,
        path
      );
    const reduction = map3(shape, (n, axis) => (n < above.shape[axis] ? 2 : 1));
    return { shape, reduction, factor: map3(above.factor, (f, axis) => f * reduction[axis]) };
  }

  #planned(k: number, above: Level): Level {
    const origin = this.#origin!;
    const size = origin.source.voxelSizeFrom === null ? null : this.#voxelSize();
    return pyramid(regionShape(origin), origin.chunkSize, size, k + 1)[k] ?? above;
  }

  /** Scales grow as the voxels do, and every level lies where the centres of its voxels are. */
  #checkGeometry(k: number, { factor }: Level): void {
    const { datasets } = this.#image;
    const size = this.#voxelSize();
    const { scale, translation } = datasets[k];
    const { roi, source, downsample, offset } = this.#origin!;
    if (!size || !scale || scale.length !== this.#image.axes.length) {
      this.#say(k, `level ${k} has no scale along all axes`);
      return;
    }
    const expected = map3(size, (length, axis) => length * factor[axis]);
    if (!same(spatial(scale), expected))
      this.#say(k, `level ${k} has the scale ${times(spatial(scale))}, where ${times(expected)} was expected`);
    const moves = movesBy(downsample);
    const place = map3(
      size,
      (length, axis) => (offset?.[axis] ?? length * roi[2 * axis]) + length * (factor[axis] - 1) * moves
    );
    const found = translation ? spatial(translation) : [0, 0, 0];
    if (!same(found, place))
      this.#say(k, `level ${k} has the translation ${times(found)}, where ${times(place)} was expected`);
    if (k === 0 && source.voxelSizeFrom === null && size.some(length => length !== 1))
      this.#say(k, `level 0 has the scale ${times(size)}, though the voxel size is unknown`);
  }

  #voxelSize(): Shape | null {
    const { scale } = this.#image.datasets[0];
    return scale && scale.length >= 3 ? spatial(scale) : null;
  }

  /**
   * Compares what is recorded of the source, and the lengths of level 0, with the source. Returns whether voxels can be
   * compared.
   */
  source(info: VolumeInfo, level0: readonly number[] | null): boolean {
    const origin = this.#origin;
    const shape = origin ? origin.source.shape : level0;
    // Images of one volume may have axes of length 1 before Z.
    const volumes = (lengths: readonly number[]) => product(lengths.slice(0, -3));
    if (shape && !(same(spatial(info.shape), spatial(shape)) && volumes(info.shape) === volumes(shape))) {
      this.#say(0, `was made of ${times(shape)} voxels, but ${info.source} has ${times(info.shape)}`);
      return false;
    }
    if (origin && info.dtype !== origin.source.dtype) {
      this.#say(0, `was made of voxels of type ${origin.source.dtype}, but those of ${info.source} are ${info.dtype}`);
      return false;
    }
    if (origin && !canBeMade(origin)) {
      this.#say(0, `says that ${origin.source.dtype} voxels were written as ${origin.dtype}, which no conversion does`);
      return false;
    }
    const size = this.#voxelSize();
    // A copy of the source may be without the file that told the voxel size.
    const parted = origin?.source.voxelSizeFile !== null && info.voxelSize === null;
    const isOwn = ['user', 'parent'].includes(origin?.source.voxelSizeFrom ?? '');
    if (origin && size && !isOwn && !parted) {
      // A person may have had it in another unit.
      const given = origin.unitGiven ? (this.#image.axes.at(-1)?.unit ?? null) : info.unit;
      const said = info.voxelSize ? lengthsIn(info.voxelSize, info.unit, given) : [1, 1, 1];
      if (!same(size, said))
        this.#say(
          0,
          `has the voxel size ${times(size)}, but ${info.source} says ${info.voxelSize ? times(said) : 'none'}`
        );
      const unit = info.voxelSize && info.unit;
      const odd = this.#image.axes.slice(-3).find(axis => axis.unit !== unit);
      if (odd && !origin.unitGiven)
        this.#say(0, `has the unit ${odd.unit ?? 'none'} for ${odd.name}, but ${info.source} says ${unit ?? 'none'}`);
    }
    return true;
  }

  /** Notes a difference in the image's own metadata, or in that of the array at `path`. */
  #say(level: number | null, message: string, path: string | null = null): null {
    const document =
      path === null ? this.#document : join(path, this.#document === '.zattrs' ? '.zarray' : 'zarr.json');
    this.#findings.metadata(
      level,
      document,
      path === null ? `${document}: ${message}` : `level ${level}, ${document}: ${message}`
    );
    return null;
  }
}
