import { execFileSync } from 'node:child_process';
import { PYTHON } from './jupyter.ts';

const SCRIPT = `
import sys, json, numpy, tifffile
path, z, y, x, dtype, kind = json.loads(sys.argv[1])
rng = numpy.random.default_rng(1)
grid = numpy.indices((z, y, x), dtype=numpy.float32)
ramp = (grid[0] / z + grid[1] / y + grid[2] / x) / 3
noise = rng.random((z, y, x), dtype=numpy.float32)
top = numpy.iinfo(dtype).max if dtype.startswith(('u', 'i')) else 1
data = ((0.6 * ramp + 0.4 * noise) * top).astype(dtype)
if kind == 'imagej':
    tifffile.imwrite(path, data, imagej=True, resolution=(2, 2), metadata={'axes': 'ZYX', 'spacing': 0.75, 'unit': 'um'})
elif kind == 'slices':
    for index, page in enumerate(data):
        tifffile.imwrite(path.replace('%', str(index)), page, metadata=None)
else:
    tifffile.imwrite(path, data, bigtiff=True, metadata=None)
`;

/**
 * Writes a volume of noise on a ramp. `imagej`: voxels of 0.75 × 0.5 × 0.5 µm. `slices`: a file a slice, with its number in place of the
 * path's `%`. `plain`: a BigTIFF that says nothing of itself.
 */
export function writeVolume(
  path: string,
  shape: [z: number, y: number, x: number],
  dtype: 'uint8' | 'uint16' | 'float32',
  kind: 'imagej' | 'slices' | 'plain'
): void {
  execFileSync(PYTHON, ['-c', SCRIPT, JSON.stringify([path, ...shape, dtype, kind])]);
}
