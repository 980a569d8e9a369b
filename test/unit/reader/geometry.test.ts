// Where the voxel size comes from. The sidecars are written here in the form of real ones: sections, names, units, line
// ends, encodings.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { openVolume } from '../../../src/reader/index.ts';
import { COMMAND_LINE, inWords } from '../../../src/model/words.ts';
import { spaceUnit } from '../../../src/model/units.ts';
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

test('a sidecar that says nothing of a reconstruction is none, and what it says instead is told', async () => {
  const acquisition = bruker('5').slice(0, bruker('5').indexOf('[Reconstruction]'));
  const none: [Record<string, string | Uint8Array>, ...RegExp[]][] = [
    [{ 'scan_rec.log': acquisition }, /^scan_rec\.log was not used: .*acquisition only \(pixels of 99\.000000 um\)/],
    [{ 'scan_rec.log': 'started\nPixel Size (um)=5\n' }],
    [{ 'scan_rec.log': bruker('0') }, /Pixel Size \(um\)=0, which is no voxel size/],
    [{ 'scan_rec.log': bruker('nan') }, /=nan/],
    [{ 'scan_rec.log': bruker('1,234.5') }, /=1,234\.5/],
    [{ 'scan_rec.log': '' }],
    [{ 'scan_rec.log': Buffer.alloc(2 << 20, 'x') }, /^scan_rec\.log was not used: it has 2097152 bytes/],
    [{ 'scan.xtekct': xtekct('') }],
    [{ 'scan.xtekct': xtekct('0') }, /VoxelSizeX=0, VoxelSizeY=0, VoxelSizeZ=0/],
    [{ 'scan_rec.pcr': lines('[VolumeData]', 'VoxelSizeRec=-1') }, /VoxelSizeRec=-1/],
    [{ 'data settings xre recon.txt': tescan('75', '300') }, /Voxel size=75, and not in which unit/]
  ];
  for (const [sidecar, ...notes] of none) await finds(folder({ ...slices('scan_rec'), ...sidecar }), UNKNOWN, ...notes);
  await finds(
    folder({ ...slices('scan_rec'), 'scan.xtekct': xtekct('0.02', 'furlong') }),
    [[0.02, 0.02, 0.02], null, 'nikon-xtekct', 'scan.xtekct'],
    /in "furlong", which is no unit of length/,
    /proportions.*--unit/
  );
  // Where one log is used, nothing is said of the other.
  await finds(folder({ ...slices('scan_rec'), 'scan.log': acquisition, 'scan_rec.log': bruker('5') }), [
    [5, 5, 5],
    'micrometer',
    'bruker-log',
    'scan_rec.log'
  ]);
});

test('a sidecar must be about the volume: by its name, or alone among the slices, and by the lengths it gives', async () => {
  const log = bruker('5');
  const found = (file: string): Found => [[5, 5, 5], 'micrometer', 'bruker-log', file];
  await finds(folder({ ...slices('scan_rec'), 'other.log': log, 'notes.log': 'nothing' }), found('other.log'));
  await finds(folder({ ...slices('scan_rec'), 'scan_rec.log': log, 'other.log': bruker('7') }), found('scan_rec.log'));
  await finds(
    folder({ ...slices('x'), 'a.log': log, 'b.log': bruker('7') }),
    UNKNOWN,
    /a\.log was not used: .*5 × 5 × 5 um/,
    /b\.log was not used: .*7 × 7 × 7 um/
  );
  const beside = folder({ '../scan.log': log, ...slices('x') });
  await finds(beside, found('scan.log'));
  await finds(folder({ '../other.log': log, ...slices('x') }), UNKNOWN);

  const file = (name: string, sidecars: Record<string, string>) =>
    join(folder({ [name]: stack(4), ...sidecars }), name);
  await finds(file('scan_rec.tif', { 'other.log': log }), UNKNOWN);
  await finds(file('scan10.tif', { 'scan1.log': log }), UNKNOWN);
  await finds(file('scan_rec_8bit.tif', { 'scan_rec.log': log }), found('scan_rec.log'));
  await finds(
    file('scan_rec_half.tif', { 'scan_rec.log': bruker('5', [], [16, 12, 8]) }),
    UNKNOWN,
    /scan_rec\.log was not used: it is about a volume of 8 × 12 × 16 voxels/
  );
  await finds(file('scan_rec_half.tif', { 'scan_rec.pca': pca('0.01') }), UNKNOWN, /only begins as .*0\.01/);
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
    /^OME-XML says 10 × 10 × 10 micrometer was taken, but scan\.log says 5 × 5 × 5 micrometer: give that \(--voxel-size 5 5 5 --unit micrometer\) if it is right\.$/
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
  await finds(file(at(1, 1)), UNKNOWN);
  await finds(file(at(5000, 1)), UNKNOWN, /say 0\.0002 of an unknown unit in x and y and nothing about z/);
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
  await finds(
    file({ ...at(2000, 3), 270: shaped(', "spacing": 0.01') }),
    UNKNOWN,
    /x 5 micrometer, y 5 micrometer and z 0\.01/
  );
  await finds(file({ ...at(2000, 3), 270: shaped(', "spacing": 10, "unit": "furlong"') }), UNKNOWN, /z 10 furlong/);
  await finds(
    file({ ...at(0.2, 1), 270: shaped(', "spacing": 10') }),
    [[10, 5, 5], null, 'resolution-tags', null],
    /10 × 5 × 5, of which only the proportions/
  );
  const alone = /spacing 10 um and nothing of x and y/;
  await finds(file({ ...at(72, 2), 270: shaped(', "spacing": 10, "unit": "um"') }), UNKNOWN, alone);
  await finds(file({ ...at(1, 1), 270: shaped(', "spacing": 10, "unit": "um"') }), UNKNOWN, alone);
});

test('a unit is understood however its µ was garbled, and a length or unit that is not is named in its own words', async () => {
  const found = (text: string) => spaceUnit(text);
  const latin1 = (...bytes: number[]) => Buffer.from(bytes).toString('latin1');
  for (const micro of [
    ...['µm', 'μm', ' um', 'UM', 'micron', 'Microns', 'micrometre', 'micro-meters', 'mu m', 'microns/pixel'],
    // Escaped, by several languages.
    ...['\\u00B5m', '\\\\u00b5m', '\\xb5m', '\\265m', '&#181;m', '&#xB5;m', '&micro;m'],
    // UTF-8 taken for Latin-1, once and twice, of either sign; for DOS's and old Macs' code pages; and other encodings
    // taken for Latin-1.
    ...['Âµm', 'Ã‚Âµm', 'Î¼m', '┬╡m', '¬µm', 'æm', `${latin1(0x83, 0xca)}m`, `${latin1(0xa6, 0xcc)}m`],
    ...['?m', '\ufffdm', '\ufffd\ufffdm']
  ])
    assert.equal(found(micro), 'micrometer', micro);
  for (const [text, unit] of Object.entries({ mm: 'millimeter', MM: 'millimeter', Mm: 'megameter', dm: 'decimeter' }))
    assert.equal(found(text), unit);
  for (const none of ['', 'pixel', 'µ', 'A', 'furlong', 'constructor', '?', 'dam', 'm²'])
    assert.equal(found(none), null);

  const file = (description: string, tags: Tags = {}) =>
    join(folder({ 'scan.tif': stack(4, { ...tags, 270: description }) }), 'scan.tif');
  const oxml = (attributes: string) =>
    file(`<OME><Image><Pixels SizeC="1" SizeT="1" SizeZ="4" ${attributes}/></Image></OME>`);
  const xy = 'PhysicalSizeX="2.5" PhysicalSizeY="2.5"';
  const size = (unit: string) =>
    `${xy} PhysicalSizeZ="5" ${['X', 'Y', 'Z'].map(a => `PhysicalSize${a}Unit="${unit}"`).join(' ')}`;
  const micrometers: Found = [[5, 2.5, 2.5], 'micrometer', 'ome-xml', null];
  const proportions: Found = [[5, 2.5, 2.5], null, 'ome-xml', null];
  await finds(oxml(size('\\xb5m')), micrometers);
  await finds(oxml(size('?m')), micrometers, /"\?m", which was taken for micrometer/);
  await finds(oxml(size('furlong')), proportions, /5, .*"furlong"/, /--unit/);
  await finds(oxml(size('pixel')), proportions, /"pixel"/, /--unit/);
  await finds(oxml(size('pixel').replace(/2\.5|5/g, '1')), UNKNOWN);
  for (const z of [
    '',
    'PhysicalSizeZ="0"',
    'PhysicalSizeZ="-5"',
    'PhysicalSizeZ="NaN"',
    'PhysicalSizeZ="2,5"',
    'PhysicalSizeZ=""'
  ]) {
    const word = /"(.*)"/.exec(z)?.[1];
    await finds(
      oxml(`${xy} ${z}`),
      UNKNOWN,
      new RegExp(
        `x "2\\.5" µm, y "2\\.5" µm and ${word === undefined ? 'nothing of z' : `z "${word}" µm`}.*--voxel-size Z 2\\.5 2\\.5`
      )
    );
  }
  await finds(oxml('PhysicalSizeZ="5"'), UNKNOWN, /nothing of x, nothing of y and z "5" µm/);
  await finds(oxml(`${xy} PhysicalSizeZ="1e-5" PhysicalSizeZUnit="dm"`), [
    [1, 2.5, 2.5],
    'micrometer',
    'ome-xml',
    null
  ]);
  await finds(oxml(`${xy} PhysicalSizeZ="5" PhysicalSizeZUnit="furlong"`), UNKNOWN, /z "5" furlong.*not understood/);

  const imagej = (text: string, tags: Tags = at(0.4, 1), slices = 4) =>
    file(`ImageJ=1.54f\nimages=4\nslices=${slices}\n${text}`, tags);
  const ofImageJ = (unit: string | null): Found => [[5, 2.5, 2.5], unit, 'imagej', null];
  await finds(imagej('unit=Âµm\nspacing=5\n'), ofImageJ('micrometer'));
  await finds(imagej('unit=furlong\nspacing=5\n'), ofImageJ(null), /"furlong"/, /--unit/);
  await finds(imagej('spacing=5\n'), ofImageJ(null), /--unit/);
  await finds(imagej('unit=sec\nspacing=5\n'), UNKNOWN, /z 5 sec/);
  await finds(imagej('unit=um\nspacing=0\n'), UNKNOWN, /z "0" um/);
  await finds(imagej('unit=um\n'), [[1, 2.5, 2.5], 'micrometer', 'imagej', null], /no spacing.*1 um was taken/);
  await finds(imagej('unit=um\nspacing=5\n', {}), [[5, 1, 1], 'micrometer', 'imagej', null], /no resolution tags/);
  await finds(imagej('unit=um\nspacing=1\n', { ...at(1, 1), 282: rational(1, 0) }), UNKNOWN, /nothing of x/);
  await finds(imagej('spacing=5\n', at(2000, 3)), UNKNOWN, /spacing 5 without a unit/, /5 micrometer in x and y/);
  await finds(imagej('', at(72, 2)), UNKNOWN);
  const single = writeTiff([page({ ...at(0.4, 1), 270: 'ImageJ=1.54f\nunit=um\n' })]);
  await finds(folder({ 's1.tif': single, 's2.tif': single }), UNKNOWN, /x 2\.5 um, y 2\.5 um|nothing of z/);
});

test('PNG’s pHYs and a bitmap’s pixels per metre are told, but for those of printers and screens', async () => {
  const png = (x: number, y: number, unit: number) => {
    const chunk = (type: string, data: Buffer) => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
      const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      crc.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, crc]);
    };
    const [head, size] = [Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0]), Buffer.alloc(9)];
    size.writeUInt32BE(x);
    size.writeUInt32BE(y, 4);
    size[8] = unit;
    const data = deflateSync(Buffer.from([0, 1, 2]));
    return Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', head),
      chunk('pHYs', size),
      chunk('IDAT', data),
      chunk('IEND', Buffer.alloc(0))
    ]);
  };
  const stackOf = (content: Buffer, ending: string) => folder({ [`s1.${ending}`]: content, [`s2.${ending}`]: content });
  await finds(
    stackOf(png(200_000, 200_000, 1), 'png'),
    UNKNOWN,
    /^The PNG's pHYs says 5 micrometer in x and y and nothing about z/
  );
  await finds(stackOf(png(2, 1, 0), 'png'), UNKNOWN, /0\.5 of an unknown unit in x and 1 in y/);
  for (const [x, unit] of [
    [2835, 1],
    [3780, 1],
    [11811, 1],
    [0, 1],
    [1, 0]
  ] as const)
    await finds(stackOf(png(x, x, unit), 'png'), UNKNOWN);
  const bmp = (perMeter: number) => {
    const bytes = Buffer.alloc(14 + 40 + 1024 + 4);
    bytes.write('BM');
    bytes.writeUInt32LE(1078, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(2, 18);
    bytes.writeInt32LE(1, 22);
    bytes.writeUInt16LE(1, 26);
    bytes.writeUInt16LE(8, 28);
    bytes.writeInt32LE(perMeter, 38);
    bytes.writeInt32LE(perMeter, 42);
    for (let n = 0; n < 256; n++) bytes.fill(n, 54 + 4 * n, 57 + 4 * n);
    return bytes;
  };
  await finds(stackOf(bmp(200_000), 'bmp'), UNKNOWN, /^The header of the bitmap says 5 micrometer in x and y/);
  for (const perMeter of [0, 2834, 3780, -5]) await finds(stackOf(bmp(perMeter), 'bmp'), UNKNOWN);
});
