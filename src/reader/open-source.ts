import { product } from '../model/levels.ts';
import {
  type ConversionSource,
  type SentArray,
  type SourceLayout,
  isSent,
  streamLayout
} from '../model/source-layout.ts';
import { BYTES_PER_VOXEL, type VolumeInfo, alongAxes, axesOf, volumeCount } from '../model/volume.ts';
import { UNCALIBRATED, calibrate } from './voxel-size/calibration.ts';
import { openVolume } from './open-volume.ts';
import type { InterpretationOptions } from './tiff/pixel-format.ts';

/**
 * A source's info, and the layout by which its voxels are read.
 *
 * @throws ConvertError as `openVolume` does
 */
export async function openSource(
  source: ConversionSource,
  asked: Partial<InterpretationOptions> = {}
): Promise<{ info: VolumeInfo; layout: SourceLayout }> {
  return isSent(source) ? openArray(source) : openVolume(source, asked);
}

function openArray(array: SentArray): { info: VolumeInfo; layout: SourceLayout } {
  const layout = streamLayout(array);
  const { shape, outerShape, dtype } = layout;
  const [z, y, x] = (array.said?.lengths ?? []).map(length => length ?? undefined);
  const { notes, ...calibration } = array.said
    ? calibrate([z, y, x], array.said.units, 'array', 'The array')
    : UNCALIBRATED;
  const info: VolumeInfo = {
    source: array.name,
    format: 'array',
    axes: axesOf(outerShape),
    shape: alongAxes(outerShape, outerShape.t, outerShape.c, shape),
    dtype,
    byteOrder: 'little',
    layout: 'strips',
    compression: 'none',
    pages: volumeCount(outerShape) * shape[0],
    bytes: volumeCount(outerShape) * product(shape) * BYTES_PER_VOXEL[dtype],
    ...calibration,
    voxelSizeFile: null,
    voxelSizeNotes: [...notes],
    channels: null,
    timeStep: null,
    timeUnit: null,
    calibrationFunction: null,
    warnings: []
  };
  return { info, layout };
}
