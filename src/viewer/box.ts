// Boxes as points along x, y, z, whose whole numbers are centres of voxels, and as half-open ranges along z, y, x.

/** A point this near to a voxel's face lies on it. */
const TOLERANCE = 1e-4;

/** The ranges (z0, z1, y0, y1, x0, x1) of the voxels that the box between two points touches: along each axis one. */
export function boxVoxels(a: number[], b: number[], lengths: number[]): number[] {
  return lengths
    .map((length, axis) => {
      const [low, high] = [Math.min(a[axis], b[axis]) + 0.5, Math.max(a[axis], b[axis]) + 0.5];
      const first = Math.min(length - 1, Math.max(0, Math.floor(low + TOLERANCE)));
      return [first, Math.max(first + 1, Math.min(length, Math.ceil(high - TOLERANCE)))];
    })
    .reverse()
    .flat();
}

/** The corners of a box of voxels. */
export function boxPoints(ranges: number[]): number[][] {
  const corner = (end: 0 | 1): number[] => ranges.filter((_, n) => n % 2 === end).map(value => value - 0.5);
  return [corner(0).reverse(), corner(1).reverse()];
}
