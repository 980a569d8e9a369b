/** How many worker threads there are at most where nobody says it. */
export const DEFAULT_JOBS = 'as many as there are processors';

/** What the form's fields are called where a message speaks of an option. Options without an entry go by their own names. */
export const FIELD_LABELS: Readonly<Record<string, string | undefined>> = {
  output: 'Output',
  slices: 'Slices',
  image: 'Image',
  describedBy: 'Described by',
  zAxis: 'Slices are',
  palette: 'Palette',
  orientation: 'Orientation tag',
  chunkSize: 'Chunk size',
  levels: 'Levels',
  shard: 'Shard size',
  downsample: 'A coarser voxel is the',
  labels: 'Labels',
  parent: 'Image that the labels belong to',
  compression: 'Compression',
  checksum: 'Checksum',
  maxMemory: 'Memory budget',
  dtype: 'Data type',
  channel: 'Channels',
  valueRange: 'Value range',
  roi: 'Region',
  voxelSize: 'Voxel size',
  unit: 'Unit',
  omeZarr: 'OME-Zarr version',
  jobs: 'Worker threads',
  overwrite: 'Replace an existing OME-Zarr',
  resume: 'Resume'
};
