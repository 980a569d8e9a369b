import type { Layout } from '../../model/layout.ts';
import { readable } from '../../model/readable.ts';
import { TOOL, VERSION } from '../../model/version.ts';
import type { Dtype, VolumeInfo } from '../../model/volume.ts';
import { type Documents, arrayDocuments, imageDocuments } from '../../zarr/metadata.ts';
import { nameAt } from '../../reader/common/file-name.ts';
import type { LookGrid } from './grid.ts';

/** Neuroglancer has no wider floats than float32; `exact`: another program reads the voxels. */
export const lookDtype = (dtype: Dtype, exact: boolean): Dtype => (dtype === 'float64' && !exact ? 'float32' : dtype);

/** Files of a volume's metadata by their keys. */
export type DocumentTexts = ReadonlyMap<string, string>;

interface Group {
  attributes: {
    ome: {
      multiscales: { datasets: { path: string }[]; metadata: unknown }[];
    };
  };
}

/**
 * The metadata of a source as OME-Zarr 0.5. Its levels lie in a folder of the version's name, so that a chunk of
 * another version cannot be asked for by mistake; there are no contrast limits, which only voxels tell.
 */
export function lookDocuments(
  info: VolumeInfo,
  layout: Layout,
  { levels, leftOut }: LookGrid,
  version: string,
  exact: boolean
): DocumentTexts {
  const { outerShape } = layout;
  const { source } = info;
  const name = readable(nameAt(source.replace(/[\\/]+$/, '')) || source);
  const arrays = {
    outerShape,
    dtype: lookDtype(layout.dtype, exact),
    shard: null,
    compression: 'none',
    checksum: 'none'
  } as const;
  const { voxelSize, unit, timeStep, timeUnit } = info;
  const channels = info.channels ?? [{ name: '', color: null }];
  const [[key, text]] = imageDocuments(
    {
      ...arrays,
      levels: levels.map(({ shape, factor }) => ({ shape, factor, reduction: [1, 1, 1] })),
      chunk: levels[0].chunk,
      name,
      downsample: 'nearest',
      voxelSize,
      unit,
      offset: [0, 0, 0],
      labels: null,
      timeStep,
      timeUnit,
      channels: channels.map(channel => ({ ...channel, window: null, inverted: layout.shownInverted })),
      origin: { version: VERSION, look: { notes: notesOf(name, layout, levels.length, leftOut) } }
    },
    '0.5'
  );
  const group = JSON.parse(text) as Group;
  const [image] = group.attributes.ome.multiscales;
  image.datasets.forEach((dataset, k) => (dataset.path = levelPath(version, k)));
  image.metadata = {
    description: 'Each level has the voxels of level 0 at every multiple of its scale factor, and none in between.',
    method: TOOL,
    version: VERSION
  };
  const documents: Documents = levels.flatMap(({ shape, factor, chunk }, k) =>
    arrayDocuments({ ...arrays, chunk, levels: [{ shape, factor, reduction: [1, 1, 1] }] }, '0.5').map(
      ([, array]): Documents[number] => [`${levelPath(version, k)}/zarr.json`, array]
    )
  );
  return new Map([[key, JSON.stringify(group)], ...documents]);
}

export const levelPath = (version: string, level: number): string => `${version}/${level}`;

/** Notes for a person who looks at it: a sentence each. */
function notesOf(name: string, { dtype }: Layout, levels: number, leftOut: number[]): string[] {
  const sampled =
    levels > 1
      ? ': full resolution is exact, coarser levels are sampled, every 2nd, 4th, … voxel without the ones in between'
      : '';
  const notes = [`${name} is shown as it lies there, and nothing is written${sampled}.`];
  if (leftOut.length > 0)
    notes.push(
      `Levels ${leftOut.map(factor => `1:${factor}`).join(', ')} are left out, since each would have to decode the whole file for one view: convert it to have them.`
    );
  if (dtype === 'float64')
    notes.push('Its float64 values are shown as float32, to seven digits, because Neuroglancer cannot show float64.');
  return notes;
}
