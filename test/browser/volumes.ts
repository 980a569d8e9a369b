import { execFileSync } from 'node:child_process';
import { PYTHON } from './jupyter.ts';

const SCRIPT = `
import sys, json, numpy, tifffile
path, z, y, x, dtype, kind = json.loads(sys.argv[1])
rng = numpy.random.default_rng(1)
top = numpy.iinfo(dtype).max if dtype.startswith(('u', 'i')) else 1
plane = numpy.arange(y, dtype=numpy.float32)[:, None] / y + numpy.arange(x, dtype=numpy.float32) / x
# One after the other: the large ones would else take gigabytes beside what is tested.
data = (
    ((0.2 * (plane + index / z) + 0.4 * rng.random((y, x), dtype=numpy.float32)) * top).astype(dtype)
    for index in range(z)
)
form = {'shape': (z, y, x), 'dtype': dtype}
if kind == 'imagej':
    tifffile.imwrite(path, data, **form, imagej=True, resolution=(2, 2),
                     metadata={'axes': 'ZYX', 'spacing': 0.75, 'unit': 'um'})
elif kind == 'slices':
    for index, page in enumerate(data):
        tifffile.imwrite(path.replace('%', str(index)), page, metadata=None)
else:
    tifffile.imwrite(path, data, **form, bigtiff=True, metadata=None)
`;

const HYPERSTACK = `
import sys, json, numpy, tifffile
path, t, c, z, y, x = json.loads(sys.argv[1])
data = numpy.random.default_rng(2).integers(0, 4000, (t, z, c, y, x), numpy.uint16)
data += (numpy.arange(c, dtype=numpy.uint16) * 1000).reshape(1, 1, -1, 1, 1)
luts = []
for color in ((1, 0, 0), (0, 1, 1), (0, 0, 1))[:c]:
    luts.append((numpy.outer(color, numpy.arange(256))).astype(numpy.uint8))
tifffile.imwrite(path, data, imagej=True, metadata={'axes': 'TZCYX', 'LUTs': luts, 'mode': 'composite', 'finterval': 2.5})
`;

/** Writes an ImageJ hyperstack of noise, of which each channel has values and a colour of its own: red, cyan, blue. */
export function writeHyperstack(path: string, shape: [t: number, c: number, z: number, y: number, x: number]): void {
  execFileSync(PYTHON, ['-c', HYPERSTACK, JSON.stringify([path, ...shape])]);
}

const FLIPPED = `
import sys, tifffile
data = tifffile.imread(sys.argv[1])
tifffile.imwrite(sys.argv[2], data[:, ::-1, ::-1] // 2, imagej=True, resolution=(2, 2),
                 metadata={'axes': 'ZYX', 'spacing': 0.75, 'unit': 'um'})
`;

/**
 * Writes an ImageJ stack of `writeVolume` turned in its plane, with half the values: another volume in the same space.
 */
export function writeFlipped(tiff: string, path: string): void {
  execFileSync(PYTHON, ['-c', FLIPPED, tiff, path]);
}

const TURNED = `
import sys, numpy, tifffile
data = tifffile.imread(sys.argv[1])[3:]
tifffile.imwrite(sys.argv[2], numpy.rot90(data, axes=(0, 2)), imagej=True, resolution=(1 / 0.75, 2),
                 metadata={'axes': 'ZYX', 'spacing': 0.5, 'unit': 'um'})
`;

/**
 * Writes an ImageJ stack of `writeVolume` from its fourth slice on, turned by a quarter about y: (z, y, x) is at (X - 1
 * - x, y, z - 3), of voxels of 0.5 × 0.5 × 0.75 µm.
 */
export function writeTurned(tiff: string, path: string): void {
  execFileSync(PYTHON, ['-c', TURNED, tiff, path]);
}

const LABELS = `
import sys, json, numpy, tifffile
path, z, y, x = json.loads(sys.argv[1])
grid = numpy.indices((z, y, x))
labels = (grid[1] // 8 + grid[2] // 10 * 3).astype(numpy.uint16) * 100
tifffile.imwrite(path, labels, photometric='minisblack', metadata=None)
`;

/** Writes boxes of 8 × 10 voxels with labels of their own, that at the first corner with 0. */
export function writeLabels(path: string, shape: [z: number, y: number, x: number]): void {
  execFileSync(PYTHON, ['-c', LABELS, JSON.stringify([path, ...shape])]);
}

const AS_NUMPY = `
import sys, numpy, tifffile, zarr
path, whole, mask = sys.argv[1:]
labels = tifffile.imread(path)
space = [{'name': name, 'type': 'space'} for name in 'zyx']
one = [{'path': '0', 'coordinateTransformations': [{'type': 'scale', 'scale': [1, 1, 1]}]}]
multiscales = [{'axes': space, 'datasets': one}]
for output, data, version in (whole, labels.astype('int64'), 3), (mask, labels > 0, 2):
    said = {'multiscales': [{**multiscales[0], 'version': '0.4'}]} if version == 2 else {'ome': {'version': '0.5', 'multiscales': multiscales}}
    group = zarr.create_group(output, zarr_format=version, attributes=said)
    group.create_array('0', data=data, chunks=(8, 16, 16), chunk_key_encoding={'name': 'v2', 'separator': '/'} if version == 2 else None)
`;

/** Writes labels of a TIFF as OME-Zarrs of int64, and of bool (Zarr v2) where they are not 0. */
export function writeAsNumpy(labels: string, whole: string, mask: string): void {
  execFileSync(PYTHON, ['-c', AS_NUMPY, labels, whole, mask]);
}

const OTHERS = `
import sys, tifffile, zarr
from zarr.codecs import BytesCodec, ShardingCodec, TransposeCodec, ZstdCodec, numcodecs
path, *outputs = sys.argv[1:]
data = tifffile.imread(path)
axes = [{'name': name, 'type': 'space'} for name in 'zyx']
datasets = [{'path': str(k), 'coordinateTransformations': [{'type': 'scale', 'scale': [2**k] * 3}]} for k in range(2)]
multiscale = {'axes': axes, 'datasets': datasets}
codecs = [TransposeCodec(order=(0, 2, 1)), BytesCodec(), ZstdCodec()]
inner = ShardingCodec(chunk_shape=(2, 4, 8), codecs=codecs, index_location='start')
nested = {'serializer': ShardingCodec(chunk_shape=(4, 8, 8), codecs=[inner]), 'compressors': None}
v2 = {'order': 'F', 'chunk_key_encoding': {'name': 'v2', 'separator': '.'}}
turned = {'filters': [numcodecs.BitRound(keepbits=14), TransposeCodec(order=(0, 2, 1))], 'compressors': numcodecs.Zlib()}
for output, version, *levels in (
    (outputs[0], 2, ('>f8', v2), ('>f8', v2)),
    (outputs[1], 3, ('int64', nested), ('int64', nested)),
    (outputs[2], 3, ('float32', {}), ('float64', nested)),
    (outputs[3], 3, ('float32', {}), ('float32', turned)),
    (outputs[4], 2, ('<f8', v2), ('<f4', v2)),
):
    said = {'multiscales': [{**multiscale, 'version': '0.4'}]} if version == 2 else {'ome': {'version': '0.5', 'multiscales': [multiscale]}}
    group = zarr.create_group(output, zarr_format=version, attributes=said)
    for k, (dtype, how) in enumerate(levels):
        # Of both signs, and with fractions where there can be some.
        level = (data[::2**k, ::2**k, ::2**k].astype('float64') / 3 - 5000).astype(dtype)
        group.create_array(str(k), data=level, chunks=(8, 16, 16), **how)
`;

/**
 * Writes a TIFF's values, a third of each less 5000, in two levels without contrast, as programs of others may: as
 * big-endian float64 of Zarr v2 in columns, as int64 in columns and in shards that lie in shards, and with a second
 * level that is stored otherwise than the first one: float64 in shards, rounded and in columns, float32 of Zarr v2.
 */
export function writeAsOthers(tiff: string, outputs: string[]): void {
  execFileSync(PYTHON, ['-W', 'ignore', '-c', OTHERS, tiff, ...outputs]);
}

const BLOCK = `
import sys, numpy, tifffile
data = numpy.random.default_rng(4).integers(0, 9000, (24, 32, 40)).astype(numpy.uint16)
data[6:18, 8:20, 10:30] += 50000
tifffile.imwrite(sys.argv[1], data, photometric='minisblack', metadata=None)
`;

/** Writes 24 × 32 × 40 voxels that are dark but for those from (6, 8, 10) to (18, 20, 30). */
export function writeBlock(path: string): void {
  execFileSync(PYTHON, ['-c', BLOCK, path]);
}

const TWO_BLOCKS = `
import sys, numpy, tifffile
data = numpy.full((40, 50, 60), 100, 'uint8')
data[16:24, 20:28, 12:20] = 250
data[16:24, 20:28, 40:48] = 5
tifffile.imwrite(sys.argv[1], data, imagej=True, resolution=(2, 2), metadata={'axes': 'ZYX', 'spacing': 0.5, 'unit': 'um'})
`;

/**
 * Writes 40 × 50 × 60 voxels of 0.5 µm that are 100, but for two blocks in the middle along Z, Y from 20 to 28: 250
 * where X is 12 to 20, and 5 where it is 40 to 48.
 */
export function writeTwoBlocks(path: string): void {
  execFileSync(PYTHON, ['-c', TWO_BLOCKS, path]);
}

const ASKING = `
import sys, numpy, tifffile
folder = sys.argv[1]
data = numpy.random.default_rng(3).integers(0, 255, (6, 20, 30), numpy.uint8)
plain = {'photometric': 'minisblack', 'metadata': None}
with tifffile.TiffWriter(folder + '/several.ome.tif') as file:
    for name, depth in (('scout', 2), ('scan', 6)):
        file.write(data[:depth], photometric='minisblack', metadata={'axes': 'ZYX', 'Name': name})
tifffile.imwrite(folder + '/channels.tif', data, imagej=True, metadata={'axes': 'CYX'})
colours = numpy.arange(768, dtype=numpy.uint16).reshape(3, 256) * 80
tifffile.imwrite(folder + '/palette.tif', data, **{**plain, 'photometric': 'palette'}, colormap=colours)
tifffile.imwrite(folder + '/turned.tif', data[:1], **plain, extratags=[(274, 'H', 1, 4, True)])
`;

/**
 * Writes volumes of which something is to be chosen: an image, the axis of slices, what a palette is for, the
 * Orientation.
 */
export function writeAsking(folder: string): void {
  execFileSync(PYTHON, ['-c', ASKING, folder]);
}

/**
 * Writes a volume of noise on a ramp. `imagej`: voxels of 0.75 × 0.5 × 0.5 µm. `slices`: a file a slice, with its
 * number in place of the path's `%`. `plain`: a BigTIFF that says nothing of itself.
 */
export function writeVolume(
  path: string,
  shape: [z: number, y: number, x: number],
  dtype: 'uint8' | 'uint16' | 'float32',
  kind: 'imagej' | 'slices' | 'plain'
): void {
  execFileSync(PYTHON, ['-c', SCRIPT, JSON.stringify([path, ...shape, dtype, kind])]);
}
