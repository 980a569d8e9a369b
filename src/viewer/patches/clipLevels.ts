// Voxels of coarse levels reach beyond the end of the volume where its size is odd: 225 slices are 15 of the fourth
// level, which cover 240. Of Neuroglancer's sources all but that of Zarr cut them off at the end of the finest level,
// so that nothing is shown where nothing was measured.
import { MultiscaleVolumeChunkSource } from 'neuroglancer/unstable/datasource/zarr/frontend.js';

const { getSources } = MultiscaleVolumeChunkSource.prototype;
MultiscaleVolumeChunkSource.prototype.getSources = function (options) {
  const sources = getSources.call(this, options);
  const { lowerBounds, upperBounds } = this.modelSpace.bounds;
  const { rank } = this;
  for (const source of sources.flat()) {
    const { chunkToMultiscaleTransform: matrix } = source;
    const lower = new Float32Array(rank);
    const upper = new Float32Array(rank);
    // Column by column; an axis of the chunks is one of the volume, scaled and shifted.
    for (let i = 0; i < rank; i++) {
      const column = matrix.subarray(i * (rank + 1), i * (rank + 1) + rank);
      const axis = column.findIndex((value: number) => value !== 0);
      const shift = matrix[rank * (rank + 1) + axis];
      lower[i] = (lowerBounds[axis] - shift) / column[axis];
      upper[i] = (upperBounds[axis] - shift) / column[axis];
    }
    source.lowerClipBound = lower;
    source.upperClipBound = upper;
  }
  return sources;
};
