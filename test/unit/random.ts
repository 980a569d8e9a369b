/** Numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const KINDS = ['zeros', 'ramp', 'noise', 'repeats', 'text', 'nan', 'scan'] as const;
export type Kind = (typeof KINDS)[number];

/** Bytes of a kind: what encoders find easy, hard or odd. */
export function bytesLike(kind: Kind, length: number, seed: number): Uint8Array {
  const next = random(seed + 1000 * KINDS.indexOf(kind));
  const period = 1 + Math.floor(next() * 300);
  const words = Array.from({ length: 8 }, () =>
    Array.from({ length: 3 + next() * 12 }, () => Math.floor(next() * 256))
  );
  const out = new Uint8Array(length);
  switch (kind) {
    case 'ramp':
      return out.map((_, i) => (i >> 2) & 255);
    case 'noise':
      return out.map(() => next() * 256);
    case 'repeats':
      return out
        .map((_, i) => (i < period ? next() * 256 : 0))
        .map((value, i, all) => (i < period ? value : (all[i] = all[i - period])));
    case 'text': {
      for (let i = 0; i < length;) for (const byte of words[Math.floor(next() * 8)]) out[i++] = byte;
      return out;
    }
    case 'nan':
      return out.map((_, i) => [0, 0, 0xc0, 0x7f][i & 3]);
    case 'scan': {
      const floats = Float32Array.from({ length: Math.ceil(length / 4) }, (_, i) => Math.sin(i / 50) + 0.1 * next());
      return new Uint8Array(floats.buffer).slice(0, length);
    }
    default:
      return out;
  }
}
