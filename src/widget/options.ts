import type { FormValues, Triple } from '../form/values.ts';
import { defaultOutputName } from '../form/output.ts';
import { EMPTY_VALUES } from '../form/values.ts';
import { shortBytes } from '../protocol/bytes.ts';
import type { ConvertOptions, Source } from '../protocol/index.ts';

/** The options as the traits of `ConverterWidget` have them: the command line's names, null for the default. */
export interface OptionTraits {
  target: string | null;
  slices: string | null;
  image: ConvertOptions['image'];
  described_by: ConvertOptions['describedBy'] | null;
  z_axis: ConvertOptions['zAxis'] | null;
  palette: ConvertOptions['palette'] | null;
  orientation: ConvertOptions['orientation'] | null;
  chunk_size: ConvertOptions['chunkSize'] | null;
  num_levels: ConvertOptions['levels'] | null;
  shard: ConvertOptions['shard'];
  downsample: ConvertOptions['downsample'];
  labels: boolean;
  parent: string | null;
  compression: ConvertOptions['compression'] | null;
  checksum: ConvertOptions['checksum'] | null;
  max_memory: number | null;
  dtype: ConvertOptions['dtype'] | null;
  channel: ConvertOptions['channel'];
  value_range: ConvertOptions['valueRange'];
  roi: ConvertOptions['roi'];
  voxel_size: ConvertOptions['voxelSize'];
  unit: string | null;
  ome_zarr: ConvertOptions['omeZarr'] | null;
  jobs: number | null;
  overwrite: boolean;
  /** Null until somebody has chosen. */
  resume: boolean | null;
}

export const DEFAULT_TRAITS: OptionTraits = {
  target: null,
  slices: null,
  image: null,
  described_by: null,
  z_axis: null,
  palette: null,
  orientation: null,
  chunk_size: null,
  num_levels: null,
  shard: null,
  downsample: null,
  labels: false,
  parent: null,
  compression: null,
  checksum: null,
  max_memory: null,
  dtype: null,
  channel: null,
  value_range: null,
  roi: null,
  voxel_size: null,
  unit: null,
  ome_zarr: null,
  jobs: null,
  overwrite: false,
  resume: null
};

/** What to write into the form's fields for the traits; `source`, `traits.parent` and `traits.target` are absolute, unless it is a name in the parent. */
export function toFormValues(traits: OptionTraits, source: Source): FormValues {
  const triple = (values: readonly number[] | null): Triple => (values ? (values.map(String) as Triple) : ['', '', '']);
  const text = (value: unknown): string => (value === null ? '' : String(value));
  const { roi } = traits;
  return {
    ...EMPTY_VALUES,
    output: outputField(traits, source),
    slices: text(traits.slices),
    image: text(traits.image),
    describedBy: traits.described_by ?? '',
    zAxis: traits.z_axis ?? '',
    palette: traits.palette ?? '',
    orientation: traits.orientation ?? '',
    overwrite: traits.overwrite,
    resume: traits.resume,
    chunkSize: triple(traits.chunk_size),
    levels: text(traits.num_levels),
    shard: triple(traits.shard),
    labels: traits.labels,
    parent: text(traits.parent),
    downsample: traits.downsample ?? '',
    compression: traits.compression ?? '',
    checksum: traits.checksum ?? '',
    dtype: traits.dtype ?? '',
    channel: text(traits.channel),
    valueRange: traits.value_range ? (traits.value_range.map(String) as [string, string]) : ['', ''],
    roiFrom: triple(roi && [roi[0], roi[2], roi[4]]),
    roiTo: triple(roi && [roi[1], roi[3], roi[5]]),
    voxelSize: triple(traits.voxel_size),
    unit: text(traits.unit),
    maxMemory: traits.max_memory === null ? '' : shortBytes(traits.max_memory),
    omeZarr: traits.ome_zarr ?? '',
    jobs: text(traits.jobs)
  };
}

function outputField({ target, parent }: OptionTraits, source: Source): string {
  if (target === null) return parent === null ? defaultOutputName(source) : '';
  return parent === null ? besideSource(target, source) : target;
}

/** The traits for what the form says. An output that is the default one leaves the target to the default. */
export function toTraits(options: Partial<ConvertOptions>, source: Source): OptionTraits {
  const output = options.output ?? null;
  const isDefault =
    output === null || (options.parent == null && besideSource(output, source) === defaultOutputName(source));
  return {
    target: isDefault ? null : output,
    slices: options.slices ?? null,
    image: options.image ?? null,
    described_by: options.describedBy ?? null,
    z_axis: options.zAxis ?? null,
    palette: options.palette ?? null,
    orientation: options.orientation ?? null,
    chunk_size: options.chunkSize ?? null,
    num_levels: options.levels ?? null,
    shard: options.shard ?? null,
    labels: options.labels ?? false,
    parent: options.parent ?? null,
    downsample: options.downsample ?? null,
    compression: options.compression ?? null,
    checksum: options.checksum ?? null,
    max_memory: options.maxMemory ?? null,
    dtype: options.dtype ?? null,
    channel: options.channel ?? null,
    value_range: options.valueRange ?? null,
    roi: options.roi ?? null,
    voxel_size: options.voxelSize ?? null,
    unit: options.unit ?? null,
    ome_zarr: options.omeZarr ?? null,
    jobs: options.jobs ?? null,
    overwrite: options.overwrite ?? false,
    resume: options.resume ?? null
  };
}

/** The traits that differ. */
export function changes(before: OptionTraits, after: OptionTraits): Partial<OptionTraits> {
  const differing = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof OptionTraits])
  );
  return Object.fromEntries(differing) as Partial<OptionTraits>;
}

/** The name alone of a path in the folder of the source, any other path as it is. */
function besideSource(path: string, source: Source): string {
  const first = (typeof source === 'string' ? source : (source[0] ?? '')).replace(/\/+$/, '');
  const folder = first.slice(0, first.lastIndexOf('/') + 1);
  const name = path.slice(folder.length);
  return path.startsWith(folder) && name !== '' && !name.includes('/') ? name : path;
}
