/** Along Z, Y and X. */
export type Triple = [z: number, y: number, x: number];

/** A box of voxels: the first of each axis, and the one after the last. */
export interface Region {
  from: Triple;
  to: Triple;
}

/** Effect of a drag: it draws another box, or moves the box or some of its ends along some axes. */
export type Grip = { kind: 'draw' | 'move'; axes: number[] } | { kind: 'resize'; sides: Map<number, 'from' | 'to'> };

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

export const wholeOf = (shape: Triple): Region => ({ from: [0, 0, 0], to: [...shape] });

/** Whether a region is all that there is. */
export const isWhole = ({ from, to }: Region, shape: Triple): boolean =>
  shape.every((length, axis) => from[axis] === 0 && to[axis] === length);

/**
 * The box after a drag. `start` and `now` are places in voxels that begin at whole numbers: voxel 2 reaches from 2 to
 * 3. A box that is drawn has all voxels that were touched; edges that are moved go to the nearest edge of a voxel.
 */
export function dragged(before: Region, grip: Grip, start: Triple, now: Triple, shape: Triple): Region {
  const from: Triple = [...before.from];
  const to: Triple = [...before.to];
  if (grip.kind === 'resize') {
    for (const [axis, side] of grip.sides) {
      const edge = Math.round(now[axis]);
      if (side === 'from') from[axis] = clamp(edge, 0, to[axis] - 1);
      else to[axis] = clamp(edge, from[axis] + 1, shape[axis]);
    }
    return { from, to };
  }
  for (const axis of grip.axes) {
    if (grip.kind === 'draw') {
      from[axis] = clamp(Math.floor(Math.min(start[axis], now[axis])), 0, shape[axis] - 1);
      to[axis] = clamp(Math.ceil(Math.max(start[axis], now[axis])), from[axis] + 1, shape[axis]);
    } else {
      const by = clamp(Math.round(now[axis] - start[axis]), -from[axis], shape[axis] - to[axis]);
      from[axis] += by;
      to[axis] += by;
    }
  }
  return { from, to };
}

/** A region that begins, or ends, with a slice; where it would be empty its other end is that of the volume. */
export function endedAt(region: Region, side: 'from' | 'to', slice: number, shape: Triple): Region {
  const from: Triple = [...region.from];
  const to: Triple = [...region.to];
  if (side === 'from') {
    from[0] = clamp(slice, 0, shape[0] - 1);
    if (to[0] <= from[0]) to[0] = shape[0];
  } else {
    to[0] = clamp(slice + 1, 1, shape[0]);
    if (from[0] >= to[0]) from[0] = 0;
  }
  return { from, to };
}
