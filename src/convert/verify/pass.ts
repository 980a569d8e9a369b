import { CRC32C_TABLE, MEMORY_START, SHUFFLE_SCRATCH } from '../../simd/index.ts';
import { ConvertError } from '../../model/errors.ts';
import { processors } from '../../pyramid/allotment.ts';
import { freeMemory } from '../../pyramid/garbage.ts';
import type { Layout } from '../../model/layout.ts';
import { COURIER_BYTES } from '../../zarr/bucket/courier.ts';
import type { Mirror } from '../../zarr/bucket/mirror.ts';
import { codecBytes } from '../../zarr/codec/index.ts';
import type { Downsampling } from '../../model/options.ts';
import { type ExecutionPlan, planExecution } from '../../pyramid/execution-plan.ts';
import { type Root, blockNumber, blockStart, depthFirst, parentIndex, rootsOf } from '../../pyramid/blocks.ts';
import { Layers } from '../../pyramid/digest-plan.ts';
import { arrangingBytes, filesOf, rawBytes } from '../../pyramid/comparing-sink.ts';
import type { Region } from '../../pyramid/findings.ts';
import { WorkerPool } from '../../pyramid/worker-pool.ts';
import { map3, product } from '../../model/levels.ts';
import { layOut, share } from '../../pyramid/shared-memory.ts';
import { Schedule, performAll, performBlocks } from '../../pyramid/schedule.ts';
import type { BlockTask, BlockJob, Report, Shared, Task } from '../../pyramid/task.ts';
import { readerBytes } from '../../reader/index.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape } from '../../model/volume.ts';
import { PageCache } from '../page-cache.ts';
import type { Findings } from './findings.ts';
import type { Run } from './metadata.ts';
import { tooLittle } from '../validation/resources.ts';

/** Known facts about how the stored voxels were made, and so about what they should be. */
export interface Recipe {
  source: Source | null;
  downsample: Downsampling;
  /** Whether this program made them. */
  own: boolean;
}

/** Where the voxels of level 0 come from. */
export interface Source {
  layout: Layout;
  /** First voxel of the region that was converted. */
  start: Shape;
  range: [number, number] | null;
}

export interface Limits {
  /** Bytes. */
  maxMemory: number;
  jobs: number;
}

/** One pass's share of the levels, where several divide them. */
export interface Share {
  /** Numbers of blocks of the last level, half-open; null: all. */
  roots: readonly [number, number] | null;
  /** Whether others look at the first level, which is then read only to compare the next with. */
  isFirstOfOthers: boolean;
  /** How many threads can run at once; the same for all that share a level, so that they cut it alike. */
  processors: number;
}

/** The share of a pass that does all levels alone. */
export const everything = (): Share => ({ roots: null, isFirstOfOthers: false, processors: processors() });

/** Reads levels that belong together, block by block, with threads of their own. */
export class Pass {
  readonly #output: string;
  readonly #run: Run;
  readonly #recipe: Recipe;
  readonly #findings: Findings;
  readonly #share: Share;
  readonly #executionPlan: ExecutionPlan;
  readonly #mirror: Mirror | null;
  #shared: Shared | null = null;
  #pageCache: PageCache | null = null;
  #pool: WorkerPool | null = null;
  #doneBytes = 0;

  /**
   * `recipe` has a source only where the run begins with level 0. `mirror`: that of an output in a bucket.
   *
   * @throws ConvertError `memory-too-small`
   */
  constructor(
    output: string,
    run: Run,
    recipe: Recipe,
    limits: Limits,
    findings: Findings,
    mirror: Mirror | null = null,
    share = everything()
  ) {
    this.#mirror = mirror;
    this.#output = output;
    this.#share = share;
    this.#run = run;
    this.#recipe = recipe;
    this.#findings = findings;
    this.#executionPlan = this.#arrange(limits);
  }

  get #chunk(): Shape {
    return this.#run.arrays[0].chunk.slice(-3) as Shape;
  }

  /**
   * The type that voxels are compared in: what a source's are converted to, or the source's own, for numbers of another
   * type.
   */
  get #dtype(): Dtype {
    const [{ dtype }] = this.#run.arrays;
    const { source, own } = this.#recipe;
    return source && !own ? source.layout.dtype : dtype;
  }

  /**
   * Bytes of all voxels that are read, and of those that are digested once more; where several passes divide the
   * blocks, this one's share of the former.
   */
  get totalBytes(): number {
    const { levels } = this.#run;
    const voxels = levels.reduce((sum, { shape }) => sum + product(shape), 0);
    const [from, to] = this.#share.roots ?? [0, this.rootCount];
    const read = voxels * this.#volumes * ((to - from) / this.rootCount);
    return Math.round((read + this.#digestedVoxels) * BYTES_PER_VOXEL[this.#dtype]);
  }

  /** Blocks of the last level. */
  get rootCount(): number {
    return this.#volumes * product(this.#executionPlan.grids.at(-1)!.count);
  }

  get doneBytes(): number {
    return this.#shared ? Number(Atomics.load(this.#shared.done, 0)) : this.#doneBytes;
  }

  /** `onBroken` hears of a thread that died. */
  async run(onBroken: (error: ConvertError) => void): Promise<void> {
    const { areas, slots, digests } = layOut(this.#executionPlan);
    this.#shared = share(this.#executionPlan, 1);
    this.#pool = new WorkerPool(areas, onBroken);
    this.#pool.begin(this.#job(this.#shared, digests));
    const { source } = this.#recipe;
    this.#pageCache = source && PageCache.of(source.layout, source.start);
    const [level] = this.#run.levels;
    const layers = this.#layers;
    await performAll(this.#pool, this.#digestTasks(), ({ volume, layer }) => {
      const [from, to] = layers!.planes(layer);
      this.#pageCache?.wasRead(volume, [from, 0, 0], [to - from, level.shape[1], level.shape[2]]);
    });
    const unknown = new Map<string, Region[]>();
    await performBlocks(
      this.#pool,
      new Schedule(this.#executionPlan, slots, this.#roots()),
      async (task, report) => {
        this.#note(task, report, unknown);
        if (task.level === 0 && !layers)
          this.#pageCache?.blockWasRead(task.volume, level, this.#executionPlan.grids[0], task.index);
        await this.#mirror?.release(this.#files(task));
      },
      async task => {
        await this.#mirror?.use(this.#files(task));
        return { ...task, unknown: unknown.get(this.#key(task.volume, task.level, task.index)) };
      }
    );
  }

  async close(patience: number): Promise<void> {
    if (!this.#shared) return;
    Atomics.store(this.#shared.stop, 0, 1);
    await Promise.all([this.#pool?.close(patience), this.#pageCache?.close()]);
    this.#doneBytes = this.doneBytes;
    this.#pool = null;
    this.#pageCache = null;
    this.#shared = null;
    // The memory of this pass must not be there beside that of the next.
    await freeMemory();
  }

  get #volumes(): number {
    return product(this.#run.arrays[0].shape.slice(0, -3));
  }

  #files(task: BlockTask): string[] {
    const { levels, arrays } = this.#run;
    return filesOf({ levels, plan: this.#executionPlan, chunk: this.#chunk }, arrays, task);
  }

  #roots(): Iterable<Root> {
    return rootsOf(this.#executionPlan.grids, this.#volumes, this.#share.roots ?? undefined);
  }

  /** Those in which level 0 is digested; null: it is not. */
  get #layers(): Layers | null {
    const { digests } = this.#executionPlan;
    return digests && new Layers(this.#run.levels[0].shape, this.#chunk, digests.depth);
  }

  /** The layers of level 0 that this pass's blocks have planes of, where they are compared by digests. */
  *#digestTasks(): Generator<Extract<Task, { kind: 'digest' }>> {
    const layers = this.#layers;
    if (!layers) return;
    const { grids } = this.#executionPlan;
    const [{ shape }] = this.#run.levels;
    const done = new Set<string>();
    for (const { volume, index } of depthFirst(grids, this.#roots())) {
      const [from] = blockStart(grids[0], index);
      const last = Math.min(from + grids[0].size[0], shape[0]) - 1;
      for (let layer = layers.of(from); layer <= layers.of(last); layer++) {
        const key = `${volume}/${layer}`;
        if (!done.has(key)) yield { kind: 'digest', volume, layer };
        done.add(key);
      }
    }
  }

  get #digestedVoxels(): number {
    const layers = this.#layers;
    if (!layers) return 0;
    const [, height, width] = this.#run.levels[0].shape;
    let planes = 0;
    for (const { layer } of this.#digestTasks()) {
      const [from, to] = layers.planes(layer);
      planes += to - from;
    }
    return planes * height * width;
  }

  #job(shared: Shared, digests: number): BlockJob {
    const { levels, arrays, first } = this.#run;
    const { source, downsample, own } = this.#recipe;
    const plan = this.#executionPlan;
    return {
      levels,
      chunk: this.#chunk,
      dtype: this.#dtype,
      downsample,
      plan,
      source: source && { ...source, origin: { source: source.layout.files[0], start: source.start } },
      counting: null,
      sink: {
        kind: 'compare',
        folder: this.#output,
        first,
        arrays,
        strict: own,
        digests: plan.digests && { address: digests, depth: plan.digests.depth }
      },
      shared
    };
  }

  #key(volume: number, level: number, index: Shape): string {
    return `${level}/${blockNumber(this.#executionPlan.grids[level], volume, index)}`;
  }

  #note({ volume, level, index }: BlockTask, { comparison }: Report, unknown: Map<string, Region[]>): void {
    if (!comparison) return;
    if (level > 0 || !this.#share.isFirstOfOthers) this.#findings.add(comparison);
    unknown.delete(this.#key(volume, level, index));
    const next = this.#run.levels[level + 1];
    if (!next || comparison.unknown.length === 0) return;
    const key = this.#key(volume, level + 1, parentIndex(this.#executionPlan.grids[level + 1], index));
    const regions = comparison.unknown.map(({ start, shape }) => {
      const from = map3(start, (n, axis) => Math.floor(n / next.reduction[axis]));
      const to = map3(start, (n, axis) => Math.ceil((n + shape[axis]) / next.reduction[axis]));
      return { start: from, shape: map3(to, (n, axis) => n - from[axis]) };
    });
    unknown.set(key, [...(unknown.get(key) ?? []), ...regions]);
  }

  #arrange({ maxMemory, jobs }: Limits): ExecutionPlan {
    const { levels, arrays } = this.#run;
    const [array] = arrays;
    const { compression } = array;
    const chunk = this.#chunk;
    const { source } = this.#recipe;
    // Areas have room for both types.
    const dtype = BYTES_PER_VOXEL[array.dtype] > BYTES_PER_VOXEL[this.#dtype] ? array.dtype : this.#dtype;
    const rowBytes = chunk[2] * BYTES_PER_VOXEL[dtype];
    const blosc = compression.startsWith('blosc');
    const raw = rawBytes(array);
    const found = planExecution({
      layout: source?.layout ?? null,
      outerShape: { t: this.#volumes, c: 1 },
      settings: {
        chunk,
        shard: null,
        dtype,
        scaling: source?.range ? { range: source.range } : null,
        start: source?.start ?? [0, 0, 0],
        shape: levels[0].shape,
        maxMemory,
        jobs
      },
      levels,
      encoder: {
        // Blosc frames may be one block; a row of zeros is compared with what fills up chunks.
        scratchBytes: () => Math.max(blosc ? SHUFFLE_SCRATCH + raw : 0, rowBytes, CRC32C_TABLE) + arrangingBytes(array),
        encodedBound: () => raw + Math.ceil(raw / 64) + 65536
      },
      codecBytes: codecBytes(compression, product(chunk) * BYTES_PER_VOXEL[dtype]),
      readerBytes: source ? readerBytes(source.layout) : 0,
      memoryStart: MEMORY_START,
      processors: this.#share.processors,
      leaf: null,
      reservedBytes: this.#mirror ? COURIER_BYTES : 0,
      readOnly: true,
      digestible: this.#dtype === array.dtype
    });
    if (!('needs' in found)) return found;
    const pieces = `chunks of ${array.chunk.join(' × ')} ${array.dtype} voxels`;
    if (!Number.isFinite(found.needs))
      throw new ConvertError(
        'unsupported',
        `${this.#output}: ${pieces} need more than 4 GiB of working memory`,
        'output'
      );
    const { budget, enough } = tooLittle(maxMemory, found.needs);
    throw new ConvertError(
      'memory-too-small',
      `${this.#output}: ${budget} is too small for ${pieces}: ${enough}`,
      'maxMemory'
    );
  }
}
