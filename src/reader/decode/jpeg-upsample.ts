/** Samples of one of a JPEG's components, in whole blocks. */
export interface SamplePlane {
  samples: Uint8Array;
  stride: number;
  /** Columns and rows that are the image's. */
  width: number;
  height: number;
  /** How many pixels a sample is wide and high. */
  across: number;
  down: number;
}

/**
 * One row of an image out of a component of half its resolution, or less, as libjpeg does by default: between samples
 * of half the resolution along the straight line between their centres, with its roundings; others are repeated.
 *
 * @param out room for a row, and one pixel more
 */
export function upsampleRow(plane: SamplePlane, y: number, out: Uint8Array): void {
  const { samples, stride, width, height, across, down } = plane;
  const row = Math.floor(y / down);
  const near = row * stride;
  const smooth = across === 1 || (across === 2 && width > 2);
  if (across === 1 && down === 1) return out.set(samples.subarray(near, near + width));
  if (!smooth || down > 2 || (across === 1 && down !== 2)) {
    for (let x = 0, to = 0; x < width; x++) for (let n = 0; n < across; n++) out[to++] = samples[near + x];
    return;
  }
  // The row on the other side of the pixels' centre; beyond the image's edge the edge itself.
  const upper = y % 2 === 0;
  const far = (upper ? Math.max(0, row - 1) : Math.min(height - 1, row + 1)) * stride;
  if (across === 1) {
    const bias = upper ? 1 : 2;
    for (let x = 0; x < width; x++) out[x] = (3 * samples[near + x] + samples[far + x] + bias) >> 2;
    return;
  }
  if (down === 1) {
    const last = near + width - 1;
    out[0] = samples[near];
    out[1] = (3 * samples[near] + samples[near + 1] + 2) >> 2;
    for (let x = 1; x < width - 1; x++) {
      const three = 3 * samples[near + x];
      out[2 * x] = (three + samples[near + x - 1] + 1) >> 2;
      out[2 * x + 1] = (three + samples[near + x + 1] + 2) >> 2;
    }
    out[2 * width - 2] = (3 * samples[last] + samples[last - 1] + 1) >> 2;
    out[2 * width - 1] = samples[last];
    return;
  }
  let left = 0;
  let here = 3 * samples[near] + samples[far];
  for (let x = 0; x < width; x++) {
    const right = x + 1 < width ? 3 * samples[near + x + 1] + samples[far + x + 1] : here;
    out[2 * x] = (3 * here + (x > 0 ? left : here) + 8) >> 4;
    out[2 * x + 1] = (3 * here + right + 7) >> 4;
    left = here;
    here = right;
  }
}
