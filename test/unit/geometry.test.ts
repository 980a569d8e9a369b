// Where the voxel size comes from. The sidecars are written here in the form of real ones: sections, names, units, line ends, encodings.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { openVolume } from '../../src/convert/tiff/index.ts';
import { COMMAND_LINE, inWords } from '../../src/convert/words.ts';
import { type PageSpec, writeTiff } from './tiff-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'geometry-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A folder of its own with these files. */
function folder(files: Record<string, string | Uint8Array>): string {
  const path = join(root, String(folders++), 'scan');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

type Tags = PageSpec['tags'];
const [WIDTH, HEIGHT] = [8, 6];
const page = (tags?: Tags): PageSpec => ({ width: WIDTH, height: HEIGHT, segments: [new Uint8Array(48)], tags });
const stack = (pages: number, tags?: Tags): Buffer =>
  writeTiff(Array.from({ length: pages }, (_, i) => page(i === 0 ? tags : undefined)));
const slices = (prefix: string, count = 4, first = 1): Record<string, Buffer> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${prefix}${String(first + i).padStart(8, '0')}.tif`, stack(1)])
  );

const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n`;
const bruker = (pixel: string, more: string[] = [], [width, height, count] = [WIDTH, HEIGHT, 4]): string =>
  lines(
    '[System]',
    'Scanner=SkyScan1272',
    'Camera Pixel Size (um)=9.0',
    '[Acquisition]',
    'Filename Prefix=scan~00',
    'Image Pixel Size (um)=99.000000',
    'Scaled Image Pixel Size (um)=99.000000',
    '[Reconstruction]',
    'Reconstruction Program=NRecon',
    'Program Home Directory=C:\\Users\\Núria',
    'First Section=1',
    `Sections Count=${count}`,
    `Result Image Width (pixels)=${width}`,
    `Result Image Height (pixels)=${height}`,
    `Pixel Size (um)=${pixel}`,
    ...more,
    '[File name convention]',
    'Filename Index Length=8'
  );
const xtekct = (size: string, units = 'mm'): string =>
  lines(
    '[XTekCT]',
    'Name=scan',
    `VoxelsX=${WIDTH}`,
    `VoxelSizeX=${size}`,
    'OffsetX=0.0',
    `VoxelsY=${HEIGHT}`,
    `VoxelSizeY=${size}`,
    'VoxelsZ=4',
    `VoxelSizeZ=${size}`,
    `Units=${units}`,
    '',
    '[Xrays]',
    'XraykV=120'
  );
const pcr = (size: string): string =>
  lines(
    '[ImageData]',
    'PCA_File=S:\\CT\\scan.pca',
    '[VolumeData]',
    `Volume_SizeX=${WIDTH}`,
    `Volume_SizeY=${HEIGHT}`,
    'Volume_SizeZ=4',
    `VoxelSizeRec=${size}`,
    'Resolution=1'
  );
const pca = (size: string, dim = 2024): string =>
  lines(
    '[General]',
    'Version-pca=2',
    '',
    '[Geometry]',
    'FDD=807.13534640',
    'Magnification=19.43511209',
    `VoxelSizeX=${size}`,
    `VoxelSizeY=${size}`,
    '',
    '[Image]',
    `DimX=${dim}`,
    `DimY=${dim}`
  );
const tescan = (size: string, pixel = '0.300000'): string =>
  lines(
    '[Camera settings]',
    'Binned pixelsize (mm) = "0.300000"',
    '',
    '[CT-parameters IN]',
    `Pixel size = "${pixel}"`,
    `Voxel size = "${size}"`
  );

type Found = [size: number[] | null, unit: string | null, from: string | null, file: string | null];
async function finds(source: string | string[], expected: Found, ...notes: RegExp[]): Promise<void> {
  const { info } = await openVolume(source);
  const { voxelSize, unit, voxelSizeFrom, voxelSizeFile, voxelSizeNotes } = info;
  assert.deepEqual([voxelSize, unit, voxelSizeFrom, voxelSizeFile], expected, String(source));
  assert.equal(voxelSizeNotes.length, notes.length, voxelSizeNotes.join('\n'));
  for (const [i, note] of notes.entries()) assert.match(inWords(voxelSizeNotes[i], COMMAND_LINE), note);
}
const UNKNOWN: Found = [null, null, null, null];

test('each kind of sidecar tells the voxel size of the volume that it is about', async () => {
  const cases: [Record<string, string | Uint8Array>, Found, ...RegExp[]][] = [
    [
      { 'scan_rec.log': bruker('19.79772') },
      [[19.79772, 19.79772, 19.79772], 'micrometer', 'bruker-log', 'scan_rec.log']
    ],
    [
      { 'scan_rec.log': bruker('19.79772', ['Section to Section Step=3']) },
      [[59.39316, 19.79772, 19.79772], 'micrometer', 'bruker-log', 'scan_rec.log']
    ],
    [
      { 'scan_rec.log': Buffer.from(bruker('7,00082'), 'latin1') },
      [[7.00082, 7.00082, 7.00082], 'micrometer', 'bruker-log', 'scan_rec.log']
    ],
    [
      { 'scan_rec.log': Buffer.from(`\ufeff${bruker('7.5')}`, 'utf16le') },
      [[7.5, 7.5, 7.5], 'micrometer', 'bruker-log', 'scan_rec.log']
    ],
    [{ 'scan.xtekct': xtekct('0.02') }, [[0.02, 0.02, 0.02], 'millimeter', 'nikon-xtekct', 'scan.xtekct']],
    [{ 'scan.xtekct': xtekct('20', 'um') }, [[20, 20, 20], 'micrometer', 'nikon-xtekct', 'scan.xtekct']],
    [
      { 'scan.pcr': pcr('0.0102906534') },
      [[0.0102906534, 0.0102906534, 0.0102906534], 'millimeter', 'ge-pcr', 'scan.pcr']
    ],
    [{ 'scan.pca': pca('0.01') }, [[0.01, 0.01, 0.01], 'millimeter', 'ge-pca', 'scan.pca'], /full resolution/],
    [{ 'scan.pca': pca('0.01'), 'scan.pcr': pcr('0.02') }, [[0.02, 0.02, 0.02], 'millimeter', 'ge-pcr', 'scan.pcr']],
    [
      { 'data settings xre recon.txt': tescan('0.075') },
      [[0.075, 0.075, 0.075], 'millimeter', 'tescan-recon', 'data settings xre recon.txt']
    ]
  ];
  for (const [sidecars, ...expected] of cases) await finds(folder({ ...slices('scan_rec'), ...sidecars }), ...expected);
  for (const [sidecars, ...expected] of cases) {
    if ('data settings xre recon.txt' in sidecars) continue;
    const named = Object.entries(sidecars).map(([name, content]) => [name.replace('_rec', ''), content]);
    const [[size, unit, from, file], ...notes] = expected;
    const path = folder({ 'scan.tif': stack(4), ...Object.fromEntries(named) });
    await finds(join(path, 'scan.tif'), [size, unit, from, file!.replace('_rec', '')], ...notes);
  }
});

test('a sidecar that says nothing of a reconstruction, or in no known unit, is none', async () => {
  const acquisition = bruker('5').slice(0, bruker('5').indexOf('[Reconstruction]'));
  const none: Record<string, string | Uint8Array>[] = [
    { 'scan_rec.log': acquisition },
    { 'scan_rec.log': 'started\nPixel Size (um)=5\n' },
    { 'scan_rec.log': bruker('0') },
    { 'scan_rec.log': bruker('nan') },
    { 'scan_rec.log': '' },
    { 'scan_rec.log': Buffer.alloc(2 << 20, 'x') },
    { 'scan.xtekct': xtekct('') },
    { 'scan.xtekct': xtekct('0.02', 'furlong') },
    { 'scan_rec.pcr': lines('[VolumeData]', 'VoxelSizeRec=-1') },
    { 'data settings xre recon.txt': tescan('75', '300') }
  ];
  for (const sidecar of none) await finds(folder({ ...slices('scan_rec'), ...sidecar }), UNKNOWN);
});

test('a sidecar must be about the volume: by its name, or alone among the slices, and by the lengths it gives', async () => {
  const log = bruker('5');
  const found = (file: string): Found => [[5, 5, 5], 'micrometer', 'bruker-log', file];
  await finds(folder({ ...slices('scan_rec'), 'other.log': log, 'notes.log': 'nothing' }), found('other.log'));
  await finds(folder({ ...slices('scan_rec'), 'scan_rec.log': log, 'other.log': bruker('7') }), found('scan_rec.log'));
  await finds(folder({ ...slices('x'), 'a.log': log, 'b.log': bruker('7') }), UNKNOWN);
  const beside = folder({ '../scan.log': log, ...slices('x') });
  await finds(beside, found('scan.log'));
  await finds(folder({ '../other.log': log, ...slices('x') }), UNKNOWN);

  const file = (name: string, sidecars: Record<string, string>) =>
    join(folder({ [name]: stack(4), ...sidecars }), name);
  await finds(file('scan_rec.tif', { 'other.log': log }), UNKNOWN);
  await finds(file('scan10.tif', { 'scan1.log': log }), UNKNOWN);
  await finds(file('scan_rec_8bit.tif', { 'scan_rec.log': log }), found('scan_rec.log'));
  await finds(file('scan_rec_half.tif', { 'scan_rec.log': bruker('5', [], [16, 12, 8]) }), UNKNOWN);
  await finds(file('scan.ome.tif', { 'scan.log': log }), found('scan.log'));
  await finds(
    file('scan.tif', { 'scan.log': bruker('5', [], [16, 12, 8]) }),
    UNKNOWN,
    /scan\.log was not used: it is about a volume of 8 × 12 × 16 voxels, and this one has 4 × 6 × 8/
  );
  // Fewer slices are a part of the volume, more are another one.
  await finds(file('scan.tif', { 'scan.log': bruker('5', [], [WIDTH, HEIGHT, 9]) }), found('scan.log'));
  await finds(file('scan.tif', { 'scan.log': bruker('5', [], [WIDTH, HEIGHT, 3]) }), UNKNOWN, /3 × 6 × 8/);
  await finds(file('scan.tif', { 'scan.pca': pca('0.01', 5) }), UNKNOWN, /at most 5 × 5 × 5/);
});

test('two sidecars that contradict each other are both left out, by name', async () => {
  const two = { 'scan_rec_.log': bruker('6'), 'scan_rec.log': bruker('5') };
  await finds(folder({ ...slices('scan_rec'), ...two }), UNKNOWN, /scan_rec\.log and scan_rec_\.log tell different/);
  const same = { 'scan_rec.log': bruker('5'), 'scan_rec_.log': bruker('5.00000') };
  await finds(folder({ ...slices('scan_rec'), ...same }), [[5, 5, 5], 'micrometer', 'bruker-log', 'scan_rec.log']);
});

const rational = (n: number, d = 1) => ({ rational: [n, d] as [number, number] });
const at = (perUnit: number, unit: number): Tags => ({
  282: rational(Math.round(perUnit * 1000), 1000),
  283: rational(Math.round(perUnit * 1000), 1000),
  296: unit
});
const ome = (size: string) =>
  `<OME><Image><Pixels SizeC="1" SizeT="1" SizeZ="4" PhysicalSizeX="${size}" PhysicalSizeY="${size}" PhysicalSizeZ="${size}"/></Image></OME>`;

test('the description goes before a sidecar, a sidecar before resolution tags, and others that differ are named', async () => {
  const file = (tags: Tags, sidecars: Record<string, string> = {}) =>
    join(folder({ 'scan.tif': stack(4, tags), ...sidecars }), 'scan.tif');
  const imagej = (lines: string) => `ImageJ=1.54f\nimages=4\nslices=4\n${lines}`;
  const log = { 'scan.log': bruker('5') };
  const fromLog: Found = [[5, 5, 5], 'micrometer', 'bruker-log', 'scan.log'];
  await finds(file({ 270: ome('5.02') }, log), [[5.02, 5.02, 5.02], 'micrometer', 'ome-xml', null]);
  await finds(
    file({ 270: ome('10') }, log),
    [[10, 10, 10], 'micrometer', 'ome-xml', null],
    /^OME-XML says 10 × 10 × 10 micrometer was taken, but scan\.log says 5 × 5 × 5 micrometer\.$/
  );
  await finds(
    file({ ...at(0.1, 1), 270: imagej('unit=mm\nspacing=10\n') }, log),
    [[10, 10, 10], 'millimeter', 'imagej', null],
    /^ImageJ says .* but scan\.log says/
  );
  // ImageJ's proportions are no lengths.
  await finds(file({ ...at(1, 1), 270: imagej('spacing=2.5\n') }, log), fromLog);
  await finds(file(at(2000, 3), log), fromLog);
  await finds(file(at(4000, 3), log), fromLog, /the resolution tags say 2\.5 micrometer in x and y/);
});

test('resolution tags know no depth, and a printer’s are no voxel size at all', async () => {
  const file = (tags: Tags) => join(folder({ 'scan.tif': stack(4, tags) }), 'scan.tif');
  for (const dots of [72, 96, 100, 150, 300, 600, 1200]) {
    await finds(file(at(dots, 2)), UNKNOWN);
    await finds(file(at(dots / 2.54, 3)), UNKNOWN);
  }
  await finds(file(at(1, 3)), UNKNOWN);
  await finds(file(at(5000, 1)), UNKNOWN);
  await finds(
    file(at(2000, 3)),
    UNKNOWN,
    /say 5 micrometer in x and y and nothing about z.*--voxel-size Z 5 5 --unit micrometer/
  );
  await finds(file(at(5080, 2)), UNKNOWN, /say 5 micrometer in x and y/);
  const shaped = (more: string) => `{"shape": [4, 6, 8]${more}}`;
  await finds(file({ ...at(2000, 3), 270: shaped(', "spacing": 0.01, "unit": "mm"') }), [
    [0.01, 0.005, 0.005],
    'millimeter',
    'resolution-tags',
    null
  ]);
  await finds(file({ ...at(0.2, 1), 270: shaped(', "spacing": 10, "unit": "um"') }), [
    [10, 5, 5],
    'micrometer',
    'resolution-tags',
    null
  ]);
  await finds(file({ ...at(2000, 3), 270: shaped(', "spacing": 0.01') }), UNKNOWN, /nothing about z/);
  await finds(file({ ...at(72, 2), 270: shaped(', "spacing": 10, "unit": "um"') }), UNKNOWN);
});
