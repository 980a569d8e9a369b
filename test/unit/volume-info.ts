import type { VolumeInfo } from '../../src/model/volume.ts';

/** What is said of a usual stack of ImageJ. */
export const VOLUME_INFO: VolumeInfo = {
  source: 'scans/shell.tif',
  format: 'imagej',
  axes: 'zyx',
  shape: [225, 128, 128],
  dtype: 'uint16',
  byteOrder: 'big',
  layout: 'strips',
  compression: 'none',
  pages: 225,
  bytes: 7372800,
  voxelSize: [2, 1.5, 1.5],
  unit: 'micrometer',
  voxelSizeFrom: 'imagej',
  channels: null,
  timeStep: null,
  timeUnit: null,
  voxelSizeFile: null,
  voxelSizeNotes: [],
  calibrationFunction: null,
  warnings: []
};
