// Where a volume lies on another by landmarks: against what NumPy finds of the same points, and what tells nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlignmentKind } from '../../../src/viewer/measuring/alignment.ts';
import { align, chained, inverted, rootMeanSquare } from '../../../src/viewer/measuring/alignment.ts';
import { moved } from '../../../src/viewer/measuring/vectors.ts';

/** Points, and the same turned, made larger by a fifth and set off by noise. */
const MOVING = [
  [62, 89, 77],
  [22, 30, 86],
  [1, 81, 79],
  [46, 30, 28],
  [25, 44, 50]
];
const FIXED = [
  [-108.5, 20.3, 156.3],
  [-90.8, 83.1, 99.6],
  [-63.4, 79.5, 160.7],
  [-55.6, 20.9, 77.6],
  [-58.1, 49.7, 105.4]
];
/** By numpy.linalg: Umeyama's method through svd, and lstsq; the root of the mean square distance. */
const ANSWERS: Record<AlignmentKind, [matrix: number[][], rms: number]> = {
  rigid: [
    [
      [-0.638979376, 0.069365614, -0.766089922, -10.115324077],
      [-0.747235389, -0.292395196, 0.596778285, 51.843190644],
      [-0.182605121, 0.953778518, 0.238666941, 58.07553277]
    ],
    8.040608127999059
  ],
  similarity: [
    [
      [-0.768934839, 0.083473175, -0.921897096, 3.137851155],
      [-0.899207933, -0.351862457, 0.718150902, 52.075692467],
      [-0.219743305, 1.14775775, 0.287206963, 45.497620739]
    ],
    0.5713591162578687
  ],
  affine: [
    [
      [-0.783060193, 0.087857919, -0.932659652, 4.02708176],
      [-0.898641729, -0.346156001, 0.704184205, 52.639181706],
      [-0.21765855, 1.150144837, 0.284906268, 45.44900858]
    ],
    0.40458682319478023
  ]
};
const close = (found: number[][], expected: number[][], within: number): void =>
  found.forEach((row, n) =>
    row.forEach((value, k) => assert.ok(Math.abs(value - expected[n][k]) <= within, `${found}`))
  );

for (const kind of Object.keys(ANSWERS) as AlignmentKind[]) {
  test(`${kind}: what NumPy finds, in micrometres and in metres`, () => {
    const [matrix, rms] = ANSWERS[kind];
    for (const unit of [1, 1e-6]) {
      const inUnit = (points: number[][]): number[][] => points.map(point => point.map(value => value * unit));
      const found = align(kind, inUnit(MOVING), inUnit(FIXED));
      const expected = matrix.map(row => row.map((value, n) => (n === 3 ? value * unit : value)));
      close(found.matrix, expected, 2e-9);
      close([found.matrix.map(row => row[3] / unit)], [matrix.map(row => row[3])], 2e-7);
      assert.ok(Math.abs(rootMeanSquare(found.residuals) / unit - rms) < 1e-9);
    }
  });
}

test('three points of one slice tell a quarter turn; it is chained and led back', () => {
  const points = [
    [0, 0, 5],
    [9, 0, 5],
    [0, 4, 5]
  ];
  const quarter = points.map(([x, y, z]) => [10 - y, x, z + 1]);
  const { matrix, residuals } = align('rigid', points, quarter);
  const expected = [
    [0, -1, 0, 10],
    [1, 0, 0, 0],
    [0, 0, 1, 1]
  ];
  close(matrix, expected, 1e-12);
  assert.ok(rootMeanSquare(residuals) < 1e-12);
  close([moved(chained(matrix, matrix), [1, 2, 3])], [[9, 8, 5]], 1e-12);
  close([moved(chained(matrix, inverted(matrix)), [1, 2, 3])], [[1, 2, 3]], 1e-12);
  // Of what is the other way round, the nearest that is not mirrored.
  const mirror = align(
    'rigid',
    MOVING,
    MOVING.map(([x, y, z]) => [-x, y, z])
  ).matrix;
  const [a, b, c] = mirror;
  const turn =
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  assert.ok(Math.abs(turn - 1) < 1e-9);
});

test('points that tell nothing are refused, with what they are', () => {
  const line = [1, 2, 3, 4, 5].map(n => [n, 2 * n, 0.0001 * n * n]);
  const plane = MOVING.map(([x, y]) => [x, y, 7]);
  const place = MOVING.map(() => [1, 2, 3]);
  for (const [kind, moving, fixed, words] of [
    ['rigid', [], [], /needs 3 pairs of points or more, and there are 0/],
    ['rigid', MOVING.slice(0, 2), FIXED.slice(0, 2), /a rigid alignment needs 3 .* there are 2/],
    ['affine', MOVING.slice(0, 3), FIXED.slice(0, 3), /an affine alignment needs 4 .* there are 3/],
    ['rigid', line, FIXED, /on one line/],
    ['similarity', MOVING, line, /on one line/],
    ['rigid', place, FIXED, /in one place/],
    ['affine', plane, FIXED, /in one plane/],
    ['affine', MOVING, plane, /in one plane/]
  ] as [AlignmentKind, number[][], number[][], RegExp][]) {
    assert.throws(() => align(kind, moving, fixed), words);
  }
});
