/** Places of a block's coefficients in the order they are stored in (ITU T.81, figure A.6). */
export const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21],
  ...[28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61],
  ...[54, 47, 55, 62, 63]
);

/** Fractions of 2^13: what the cosine transform of Loeffler, Ligtenberg and Moschytz (1989) multiplies by. */
const fixed = (value: number): number => Math.round(value * 8192);
const [F0_298, F0_390, F0_541, F0_765, F0_899, F1_175] = [
  0.298631336, 0.390180644, 0.5411961, 0.765366865, 0.899976223, 1.175875602
].map(fixed);
const [F1_501, F1_847, F1_961, F2_053, F2_562, F3_072] = [
  1.50132111, 1.847759065, 1.96157056, 2.053119869, 2.562915447, 3.072711026
].map(fixed);

const work = new Int32Array(64);

/**
 * Makes pixels of a block's dequantized coefficients: the accurate integer transform that libjpeg uses by default, step
 * by step with its rounding, so that pixels are the same to the last bit.
 *
 * @param target samples of 8 bits, `stride` apart from row to row, the block's first at `at`
 */
export function inverseTransform(
  coefficients: Int16Array | Int32Array,
  from: number,
  quantization: Uint16Array,
  target: Uint8Array,
  at: number,
  stride: number
): void {
  let flat = true;
  for (let i = from + 1, end = from + 64; i < end; i++)
    if (coefficients[i] !== 0) {
      flat = false;
      break;
    }
  if (flat) {
    const value = clamp((((coefficients[from] * quantization[0]) << 2) + 16) >> 5);
    for (let y = 0; y < 8; y++, at += stride) target.fill(value, at, at + 8);
    return;
  }
  for (let x = 0; x < 8; x++) {
    for (let y = 0, i = x; y < 8; y++, i += 8) lane[y] = coefficients[from + i] * quantization[i];
    transformLane(11);
    for (let y = 0, i = x; y < 8; y++, i += 8) work[i] = lane[y];
  }
  for (let y = 0; y < 8; y++, at += stride) {
    for (let x = 0; x < 8; x++) lane[x] = work[8 * y + x];
    transformLane(18);
    for (let x = 0; x < 8; x++) target[at + x] = clamp(lane[x]);
  }
}

const clamp = (value: number): number => {
  const level = value + 128;
  return level < 0 ? 0 : level > 255 ? 255 : level;
};

const lane = new Int32Array(8);

/** Transforms eight numbers in `lane`, and divides by 2^`shift`, halves up. */
function transformLane(shift: number): void {
  const half = 1 << (shift - 1);
  const [c0, c1, c2, c3] = [lane[0], lane[1], lane[2], lane[3]];
  const [c4, c5, c6, c7] = [lane[4], lane[5], lane[6], lane[7]];
  // Even part.
  const e = (c2 + c6) * F0_541;
  const e2 = e - c6 * F1_847;
  const e3 = e + c2 * F0_765;
  const e0 = (c0 + c4) << 13;
  const e1 = (c0 - c4) << 13;
  const [s0, s1, s2, s3] = [e0 + e3, e1 + e2, e1 - e2, e0 - e3];
  // Odd part.
  const z5 = (c7 + c3 + c5 + c1) * F1_175;
  const z1 = -(c7 + c1) * F0_899;
  const z2 = -(c5 + c3) * F2_562;
  const z3 = z5 - (c7 + c3) * F1_961;
  const z4 = z5 - (c5 + c1) * F0_390;
  const o0 = c7 * F0_298 + z1 + z3;
  const o1 = c5 * F2_053 + z2 + z4;
  const o2 = c3 * F3_072 + z2 + z3;
  const o3 = c1 * F1_501 + z1 + z4;
  lane[0] = (s0 + o3 + half) >> shift;
  lane[7] = (s0 - o3 + half) >> shift;
  lane[1] = (s1 + o2 + half) >> shift;
  lane[6] = (s1 - o2 + half) >> shift;
  lane[2] = (s2 + o1 + half) >> shift;
  lane[5] = (s2 - o1 + half) >> shift;
  lane[3] = (s3 + o0 + half) >> shift;
  lane[4] = (s3 - o0 + half) >> shift;
}
