// Measurements in a volume: known lengths, areas, volumes and angles, and the files in which they travel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBoth, readMeasurements, toCsv, toJson } from '../../../src/viewer/measuring/measurementFiles.ts';
import type { Annotation, Kind, Space } from '../../../src/viewer/measuring/measurements.ts';
import { describe, fromState, measure, recordOf, toState } from '../../../src/viewer/measuring/measurements.ts';

/** Voxels of 2 × 2 × 5 µm, whose first one lies at 10 voxels in x. */
const SPACE: Space = { axes: ['x', 'y', 'z'], scale: [2e-6, 2e-6, 5e-6], first: [-10, 0, 0], isPhysical: true };
const BARE: Space = { axes: ['x', 'y', 'z'], scale: [0.5, 1, 1], first: [0, 0, 0], isPhysical: false };
const of = (kind: Kind, ...points: number[][]): Annotation => ({ id: kind, kind, name: '', points });

for (const [annotation, words] of [
  [of('line', [0, 0, 0], [30, 40, 0]), '100 µm'],
  [of('line', [0, 0, 0], [0, 0, 300]), '1.5 mm'],
  [of('polyline', [0, 0, 0], [10, 0, 0], [10, 10, 0], [10, 10, 0]), '40 µm, 90°, 200 µm²'],
  [of('polyline', [0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]), '60 µm, 400 µm²'],
  // One that crosses itself, and one that is not flat, enclose nothing that could be told.
  [of('polyline', [0, 0, 0], [10, 10, 0], [10, 0, 0], [0, 10, 0]), '76.57 µm'],
  [of('polyline', [0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 9]), '89.24 µm'],
  [of('box', [0, 0, 0], [10, 20, 0]), '800 µm²'],
  [of('box', [10, 20, 4], [0, 0, 0]), '16000 µm³'],
  [of('ellipsoid', [5, 5, 5], [5, 5, 2]), '4189 µm³'],
  [of('point', [1, 2, 3]), '']
] as [Annotation, string][]) {
  test(`a ${annotation.kind} of ${annotation.points.length} points: ${words || 'no extent'}`, () => {
    assert.equal(describe(annotation, SPACE), words);
  });
}

test('without units lengths are in voxels', () => {
  assert.equal(describe(of('line', [0, 0, 0], [3, 4, 0]), BARE), '5 voxels');
  assert.equal(measure(of('box', [0, 0, 0], [2, 3, 4]), BARE).volume, 24);
});

const several = [
  { ...of('line', [0, 0, 0], [30, 40, 0]), name: 'pore, "large"\nand wide' },
  of('polyline', [0, 0.5, 0], [10, 0, 0], [10, 10, 0.25]),
  of('ellipsoid', [5, 5, 5], [5, 5, 2]),
  of('point', [1, 2, 3]),
  of('box', [1, 2, 3], [4, 5, 6])
];

test('what is exported is imported again, from CSV and JSON; a state has it at its place', () => {
  assert.deepEqual(readMeasurements(toCsv(several, SPACE), SPACE), several);
  assert.deepEqual(readMeasurements(toJson(several, SPACE), SPACE), several);
  for (const each of several) assert.deepEqual(fromState(toState(each, SPACE), SPACE), each);
  // Physical places count from the space's origin: voxel 0 lies at 10 voxels of 2 µm.
  const { physical, length, unit } = recordOf(several[0], SPACE);
  assert.deepEqual(
    [physical, length, unit],
    [
      [
        [20, 0, 0],
        [80, 80, 0]
      ],
      100,
      'micrometer'
    ]
  );
});

test('a table that Excel has written is read: with a mark of its encoding, semicolons, and commas in numbers', () => {
  const csv = toCsv(several, SPACE);
  // The name has commas, a quotation mark and a line of its own.
  const excel = csv.replaceAll(/("(?:[^"]|"")*")|,|(\d)\.(\d)/g, (found: string, name: string | undefined, a, b) =>
    name ? found : found === ',' ? ';' : `${a},${b}`
  );
  for (const text of [
    `\uFEFF${excel}`,
    `sep=;\r\n${excel}`,
    csv.replaceAll(/("(?:[^"]|"")*")|,/g, (_, name) => name ?? '\t')
  ])
    assert.deepEqual(readMeasurements(text, SPACE), several);
  const list = (JSON.parse(toJson(several, SPACE)) as { measurements: object[] }).measurements;
  assert.deepEqual(readMeasurements(JSON.stringify(list), SPACE), several);
});

test('a file of a volume with other voxels is on the same voxels, or at the same places', () => {
  const binned: Space = { ...SPACE, scale: [4e-6, 4e-6, 10e-6], first: [-5, 0, 0] };
  const half = several.map(({ points, ...each }) => ({
    ...each,
    points: points.map(point => point.map(value => value / 2))
  }));
  for (const text of [toCsv(several, SPACE), toJson(several, SPACE)]) {
    assert.deepEqual(readBoth(text, SPACE), { onVoxels: several, atPlaces: null });
    assert.deepEqual(readBoth(text, binned), { onVoxels: several, atPlaces: half });
    // Of a space without lengths nothing else can be said.
    assert.equal(readBoth(text, BARE).atPlaces, null);
  }
  const inMillimetres = toJson(several, SPACE)
    .replaceAll('"micrometer"', '"millimeter"')
    .replaceAll(/"physical": \[[^"]*\]/g, list => list.replaceAll(/[\d.]+/g, n => String(Number(n) / 1000)));
  assert.deepEqual(readBoth(inMillimetres, binned).atPlaces?.[0].points, half[0].points);
});

test('in a volume that lies askew voxels are its own, and lengths, areas and volumes those of its space', () => {
  // A quarter about z, a shear along x, and a shift: rows along x, y, z of what is shown.
  const into = [
    [0, -1, 0.5, 1e-5],
    [1, 0, 0, 0],
    [0, 0, 1, 2e-5]
  ];
  const back = [
    [0, 1, 0, 0],
    [-1, 0, 0.5, 0],
    [0, 0, 1, -2e-5]
  ];
  const askew: Space = { ...SPACE, first: [0, 0, 0], askew: { into, back } };
  const line = of('line', [0, 0, 0], [30, 40, 6]);
  // 60, 80 and 30 µm along its own axes are -65, 60 and 30 µm here.
  assert.ok(Math.abs(measure(line, askew).length! - Math.hypot(65, 60, 30) * 1e-6) < 1e-15);
  assert.deepEqual(recordOf(line, askew).voxels, line.points);
  assert.deepEqual(recordOf(line, askew).physical, [
    [10, 0, 20],
    [-55, 60, 50]
  ]);
  const close = (a: number[][], b: number[][]): void =>
    a.forEach((point, n) => point.forEach((value, axis) => assert.ok(Math.abs(value - b[n][axis]) < 1e-9)));
  const shown = toState(line, askew) as { pointA: number[]; pointB: number[] };
  close(
    [shown.pointA, shown.pointB],
    [
      [5, 0, 4],
      [-27.5, 30, 10]
    ]
  );
  close(fromState(toState(line, askew), askew)!.points, line.points);
  const box = of('box', [0, 0, 0], [10, 20, 0]);
  // 20 × 40 µm, which is 40 × 20 here.
  assert.ok(Math.abs(measure(box, askew).area! - 800e-12) < 1e-20);
});

for (const [what, change, words] of [
  ['a number', (csv: string) => csv.replace('30,40,0', '30,wide,0'), /Line 4: “y_voxel” is “wide”/],
  ['a column', (csv: string) => csv.replace('z_voxel', 'z_pixel'), /Line 1: there is no column z_voxel/],
  ['a kind', (csv: string) => csv.replaceAll(',point,', ',dot,'), /Line 11: “kind” is “dot”/],
  ['a point', (csv: string) => csv.split('\r\n').toSpliced(2, 1).join('\r\n'), /Line 2: a line has 2 points/],
  ['a field', (csv: string) => csv.replace('30,40,0', '30,40'), /Line 4: it has 14 fields, and the first line 15/],
  ['a quotation mark', (csv: string) => `${csv}"box`, /Line 14: a quotation mark is opened/]
] as [string, (csv: string) => string, RegExp][]) {
  test(`a table with ${what} wrong is refused by line`, () => {
    assert.throws(() => readMeasurements(change(toCsv(several, SPACE)), SPACE), words);
  });
}

test('JSON that is wrong is refused by measurement', () => {
  const json = toJson(several, SPACE);
  assert.throws(
    () => readMeasurements(json.replace('"kind": "box"', '"kind": "cube"'), SPACE),
    /Measurement 5: “kind” is “cube”/
  );
  assert.throws(() => readMeasurements(json.slice(0, -3), SPACE), /not JSON/);
  assert.throws(() => readMeasurements('{}', SPACE), /no list “measurements”/);
  const other = { ...SPACE, axes: ['z', 'y', 'x'] };
  assert.throws(() => readMeasurements(json, other), /its axes are/);
});
