/** Beyond this distance, two more bytes say how far a match lies back. */
const MOST_NEAR = 8191;

/**
 * Decodes a stream of BloscLZ, the format that C-Blosc has of its own, after FastLZ. Returns false where it is damaged,
 * or is not exactly `size` bytes.
 */
export function unblosclz(heap: Uint8Array, source: number, length: number, target: number, size: number): boolean {
  const [end, most] = [source + length, target + size];
  let [from, to] = [source, target];
  if (length < 1) return false;
  // The first byte has the version in its upper bits.
  let control = heap[from++] & 31;
  for (;;) {
    if (control < 32) {
      const count = control + 1;
      if (from + count > end || to + count > most) return false;
      heap.copyWithin(to, from, from + count);
      from += count;
      to += count;
    } else {
      let count = (control >> 5) - 1;
      if (count === 6) {
        let more;
        do {
          if (from >= end) return false;
          more = heap[from++];
          count += more;
        } while (more === 255);
      }
      if (from >= end) return false;
      const low = heap[from++];
      let distance = ((control & 31) << 8) + low;
      if (distance === MOST_NEAR) {
        if (from + 2 > end) return false;
        distance += (heap[from] << 8) | heap[from + 1];
        from += 2;
      }
      count += 3;
      const start = to - distance - 1;
      if (start < target || to + count > most) return false;
      // Source and target may overlap: bytes that were just written are copied again.
      for (let n = 0; n < count; n++) heap[to + n] = heap[start + n];
      to += count;
    }
    if (from >= end) return to === most;
    control = heap[from++];
  }
}
