// Makes known to Neuroglancer's page the codec of voxels that the worker converts as it decodes them.
import { CodecKind } from 'neuroglancer/unstable/datasource/zarr/codec/index.js';
import { registerCodec } from 'neuroglancer/unstable/datasource/zarr/codec/resolve.js';
import { STORED } from '../volume/storedVoxels.ts';

registerCodec({
  name: STORED,
  kind: CodecKind.arrayToBytes,
  resolve: configuration => ({ configuration }),
  getDecodedArrayLayoutInfo: (_, { chunkShape }) => ({
    physicalToLogicalDimension: Array.from(chunkShape, (_, axis) => axis),
    readChunkShape: chunkShape
  })
});
