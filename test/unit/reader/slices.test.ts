// Which files of a folder are its slices, in which order, and what is wrong with them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { ConvertError, type ErrorCode } from '../../../src/model/errors.ts';
import { nameOf, onDisk } from '../../../src/reader/common/file-name.ts';
import { fingerprint } from '../../../src/reader/fingerprint.ts';
import { headerHash } from '../../../src/reader/header-hash.ts';
import { openVolume } from '../../../src/reader/index.ts';
import { describeGaps, findGaps } from '../../../src/reader/slices/gaps.ts';
import { writeTiff } from './tiff-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'slices-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

const tiff = (width = 4, bits = 8): Buffer =>
  writeTiff([{ width, height: 3, bits, segments: [new Uint8Array(3 * width * (bits / 8))] }]);

function folder(names: string[], others: Record<string, Uint8Array> = {}): string {
  const path = join(root, `f${folders++}`);
  mkdirSync(path);
  for (const name of names) writeFileSync(join(path, name), tiff());
  for (const [name, bytes] of Object.entries(others)) writeFileSync(join(path, name), bytes);
  return path;
}

const counted = (prefix: string, first: number, last: number, digits = 4, ending = '.tif'): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${prefix}${String(first + i).padStart(digits, '0')}${ending}`);

async function takes(path: string, slices: string | null, names: string[], ...warnings: RegExp[]): Promise<void> {
  const { info, layout } = await openVolume(path, { slices });
  assert.deepEqual(
    layout.files.map(file => basename(file)),
    names
  );
  assert.equal(info.warnings.length, warnings.length, info.warnings.join('\n'));
  for (const [i, warning] of warnings.entries()) assert.match(info.warnings[i], warning);
}

async function refuses(
  path: string | string[],
  slices: string | null,
  code: ErrorCode,
  ...words: RegExp[]
): Promise<void> {
  await assert.rejects(openVolume(path, { slices }), error => {
    assert.ok(error instanceof ConvertError, String(error));
    assert.equal(error.code, code, error.message);
    if (code === 'bad-option') assert.equal(error.field, 'slices');
    for (const word of words) assert.match(error.message, word);
    return true;
  });
}

test('slices come in the order of their numbers, whatever else is in their names', async () => {
  await takes(folder(['s10.tif', 's9.tif', 's11.TIFF']), null, ['s9.tif', 's10.tif', 's11.TIFF']);
  await takes(folder(counted('scan2_rec', 998, 1001)), null, counted('scan2_rec', 998, 1001));
  const of = Array.from({ length: 11 }, (_, i) => `slice_${i}_of_50.tif`);
  await takes(folder(of), null, of);
  await takes(folder(['z0.tif', 'z20.tif', 'z40.tif', 'z60.tif']), null, ['z0.tif', 'z20.tif', 'z40.tif', 'z60.tif']);
  const stamped = ['a_1_20200101_1155.tif', 'a_2_20200101_1207.tif', 'a_3_20200101_1219.tif'];
  await takes(folder(stamped), null, stamped);
  await takes(
    folder(['bottom.tif', 'apex.tif']),
    null,
    ['apex.tif', 'bottom.tif'],
    /no running number.*apex.tif to bottom.tif/
  );
  const months = ['apr.tif', 'feb.tif', 'jan.tif', 'mar.tif'];
  await takes(folder(months), '*.tif', months, /no running number.*apr.tif to mar.tif/);
  await takes(folder(['only.tif']), null, ['only.tif']);
});

test('missing slices are named; a person may go on without them', async () => {
  const all = counted('rec', 1, 60);
  const gaps = folder(all.filter((_, i) => i !== 11 && (i < 39 || i > 41)));
  await refuses(
    gaps,
    null,
    'truncated',
    /number 12, 40–42 between rec0001\.tif and rec0060\.tif/,
    /--slices 'rec\*\.tif'/
  );
  const there = all.filter((_, i) => i !== 11 && (i < 39 || i > 41));
  await takes(gaps, 'rec*.tif', there, /missing: number 12, 40–42\./);
  await takes(gaps, '13-39', counted('rec', 13, 39));
  await takes(gaps, '38-44', ['rec0038.tif', 'rec0039.tif', 'rec0043.tif', 'rec0044.tif'], /number 40–42\./);
  await takes(gaps, '55-70', counted('rec', 55, 60), /number 61–70\./);
});

test('gaps of runs that count in steps', () => {
  assert.deepEqual(findGaps([1, 2, 3]), []);
  assert.deepEqual(findGaps([7]), []);
  assert.deepEqual(findGaps([10, 20, 30, 60]), [[40, 50]]);
  assert.deepEqual(findGaps([10, 20, 30], 1, 39), []);
  assert.deepEqual(findGaps([10, 20, 30], 0, 50), [
    [0, 0],
    [40, 50]
  ]);
  assert.deepEqual(findGaps([2, 9, 10]), [[3, 8]]);
  assert.equal(
    describeGaps([
      [3, 8],
      [12, 12]
    ]),
    '3–8, 12'
  );
  assert.equal(
    describeGaps(Array.from({ length: 9 }, (_, i) => [10 * i, 10 * i])),
    '0, 10, 20, 30, 40 and in 4 more places'
  );
});

test('files that do not belong to the run are named', async () => {
  const run = counted('rec', 1, 9);
  const other = folder([...run, 'average.tif', 'rec_mask.tif']);
  await refuses(
    other,
    null,
    'mixed-pages',
    /average\.tif, rec_mask\.tif do not belong to the 9 slices rec0001\.tif to rec0009\.tif/
  );
  await takes(other, '1-9', run, /average\.tif, rec_mask\.tif do not belong.*were left out\./);
  await takes(other, 'rec0*.tif', run);
  await takes(other, '[ar]*[0-9].tif', run);
  const scan = folder([...counted('scan1_rec', 1, 20), 'scan2_rec0001.tif']);
  await refuses(scan, null, 'mixed-pages', /scan2_rec0001\.tif does not belong.*--slices 'scan1_rec\*\.tif'/);
  await refuses(
    folder([...run, 'rec12.tif', 'rec012.tif']),
    null,
    'mixed-pages',
    /rec012\.tif, rec12\.tif do not belong to the 9 slices.*--slices 'rec\[0-9\]\[0-9\]\[0-9\]\[0-9\]\.tif'$/
  );
  await refuses(folder(['s9.tif', 's009.tif', 's10.tif']), null, 'mixed-pages', /s009\.tif and s9\.tif have the same/);
  const series = folder(['t0', 't1', 't2'].flatMap(t => counted(`${t}_z`, 0, 4)));
  await refuses(series, null, 'mixed-pages', /count in two places \(t0_z0000\.tif, t1_z0000\.tif\)/);
  await refuses(series, '0-4', 'mixed-pages', /two places/);
  await takes(series, 't1_*', counted('t1_z', 0, 4));
  await refuses(folder([...run, ...counted('proj', 1, 9)]), null, 'mixed-pages', /do not belong/);
});

test('Bruker’s preview is left out, and said to be', async () => {
  const run = counted('scan_rec', 27, 40, 8);
  await takes(folder([...run, 'scan_rec_spr.tif']), null, run, /^scan_rec_spr\.tif is a preview and was left out\.$/);
  await takes(folder(['a_spr.tif']), null, ['a_spr.tif']);
});

test('a few files of another kind are left out, and said to be; many are an ambiguity', async () => {
  const run = counted('s', 1, 30);
  const pictures = (count: number) => Object.fromEntries(counted('p', 1, count, 4, '.png').map(name => [name, tiff()]));
  await takes(
    folder(run, pictures(2)),
    null,
    run,
    /^p0001\.png, p0002\.png were left out: the slices are TIFF files\.$/
  );
  await refuses(folder(run, pictures(4)), null, 'mixed-pages', /30 TIFF and 4 PNG files.*--slices '\*\.tif'/);
  await takes(folder(run, pictures(4)), '*.tif', run);
  await takes(folder(run, pictures(2)), '2-3', run.slice(1, 3), /were left out/);
  await refuses(folder(run, pictures(1)), '*', 'mixed-pages', /30 TIFF and 1 PNG/);
  await refuses(folder([], pictures(3)), null, 'corrupt', /p0001\.png: not a PNG/);
});

test('slices of another size or type than most are named, wherever they are', async () => {
  const run = counted('s', 1, 9);
  await refuses(
    folder(run.slice(1), { 's0001.tif': tiff(5) }),
    null,
    'mixed-pages',
    /s0001\.tif is 3 × 5 uint8, but the other 8 slices are 3 × 4 uint8: take it out, or choose .* --slices/
  );
  await refuses(
    folder(run.slice(2), { 's0001.tif': tiff(4, 16), 's0002.tif': tiff(4, 16) }),
    null,
    'mixed-pages',
    /s0001\.tif, s0002\.tif are 3 × 4 uint16, but the other 7/
  );
});

test('a choice that cannot be meant is refused', async () => {
  const path = folder(counted('s', 1, 9));
  await refuses(path, '20-30', 'bad-option', /slices 20-30 fits none of its 9 files/);
  await refuses(path, 'rec*', 'bad-option', /fits none of its 9 files \(such as s0001\.tif\)/);
  await refuses(path, '9-1', 'bad-option', /upside down/);
  await refuses(path, '', 'bad-option');
  await refuses(path, `${path}/*`, 'bad-option', /is a path/);
  await refuses(folder(['a.tif', 'b.tif']), '1-2', 'bad-option', /fits none/);
  await refuses(join(path, 's0001.tif'), '1-2', 'bad-option', /of a folder only/);
  await refuses([join(path, 's0001.tif'), join(path, 's0002.tif')], '1-2', 'bad-option', /list of 2 files/);
});

const numbered = (count: number, name: (z: number) => string): string[] =>
  Array.from({ length: count }, (_, z) => name(z));

/** A folder of names that are made out of order, so that only the numbers can bring them into it. */
const shuffled = (names: string[]): string =>
  folder([...names].sort((a, b) => (a.length - b.length) * 2 || (a < b ? 1 : -1)));

test('numbers are numbers, however they are written', async () => {
  const ways: Record<string, (z: number) => string> = {
    decimals: z => `rec_z${(z * 0.25).toFixed(2)}.tif`,
    'decimals that lose their zeros': z => `rec_z${z * 0.25}.tif`,
    'rounded decimals': z => `rec_z${(z * 0.0125).toFixed(3)}mm.tif`,
    'a decimal comma': z => `rec_z${(z * 0.5).toFixed(1).replace('.', ',')}.tif`,
    'negative numbers': z => `slice_${z - 20}.tif`,
    'negative numbers behind a letter': z => `z${z - 20}.tif`,
    'numbers that all have a sign': z => `z${z < 20 ? '-' : '+'}${String(Math.abs(z - 20)).padStart(3, '0')}.tif`,
    'a minus sign that is no hyphen': z => `z${z < 20 ? '−' : ''}${Math.abs(z - 20)}.tif`,
    'negative decimals': z => `z=${((z - 20) * 0.5).toFixed(1)}um.tif`,
    'two counters in step': z => `slice_${String(z).padStart(5, '0')}_z=${(z * 0.015).toFixed(4)}um.tif`,
    'a counter and a time': z => `rec_2023-11-05_10-${10 + Math.floor(z / 6)}-${10 + (z % 6) * 7}_${z}.tif`,
    hyphens: z => `scan-${String(z).padStart(3, '0')}.tif`,
    versions: z => `v1.${z}.tif`,
    hexadecimal: z => `s_${z.toString(16).padStart(2, '0')}.tif`,
    letters: z => `s_${z < 26 ? '' : 'a'}${String.fromCharCode(97 + (z % 26))}.tif`,
    octal: z => `s${z.toString(8).padStart(3, '0')}.tif`,
    nanoseconds: z => `f_${1699178400000000000n + 1000000000n * BigInt(z)}.tif`
  };
  for (const [way, name] of Object.entries(ways)) {
    const names = numbered(40, name);
    await takes(shuffled(names), null, names).catch((error: Error) => assert.fail(`${way}: ${error.message}`));
  }
  const times = numbered(40, z => `rec_2023-11-05_10-${10 + Math.floor(z / 6)}-${10 + (z % 6) * 7}.tif`);
  await takes(shuffled(times), null, times, /times in their names.*whether one is missing cannot be seen/);
  const falling = numbered(40, z => `slice_${z}_left${39 - z}.tif`);
  await takes(shuffled(falling), null, falling, /two places that do not rise together: .* order of 0 … 39.* 39 … 0/);
  const minus = numbered(5, z => `s_-${5 - z}.tif`);
  await takes(shuffled(minus), null, minus, /read as negative: .* s_-5\.tif to s_-1\.tif/);
});

test('an order that is not certain is refused', async () => {
  const halves = ['z0.5.tif', 'z0.25.tif'];
  await refuses(folder(halves), null, 'mixed-pages', /order of its slices is not certain: .* as a list in their order/);
  await takes(folder(halves), 'z*.tif', halves, /order.*not certain/);
  const gap = numbered(40, z => `z${(z * 0.25).toFixed(2)}.tif`).filter((_, z) => z !== 9);
  await refuses(
    folder(gap),
    null,
    'truncated',
    /number 2\.25 between z0\.00\.tif and z9\.75\.tif.*--slices 2\.5-9\.75/
  );
  await takes(folder(gap), '2.5-9.75', gap.slice(9));
  await takes(folder(numbered(40, z => `z${z - 20}.tif`)), '-3-1', [
    'z-3.tif',
    'z-2.tif',
    'z-1.tif',
    'z0.tif',
    'z1.tif'
  ]);
});

/** Suggestions of a refusal, as a person would type them. */
async function suggestions(path: string): Promise<string[]> {
  const error = await openVolume(path).then(
    () => assert.fail(`${path} was taken`),
    (error: unknown) => error as ConvertError
  );
  return Array.from(error.message.matchAll(/--slices ('[^']*'|[-\w.]+-[-\w.]+)/g), ([, word]) =>
    word.replaceAll("'", '')
  );
}

test('a pattern that a refusal suggests takes the slices without what is odd among them', async () => {
  const runs = [
    numbered(6, z => `rec_000${z}.tif`),
    numbered(6, z => `rec${z + 7}.tif`),
    numbered(6, z => `z${z * 0.25}mm.tif`)
  ];
  const strays = [' - Copy', ' (1)', ' copy', ' 2', '-1', '_1', '_edited', '_old', '_MIP', '.tif', '~', ',1', '.1'];
  for (const run of runs)
    for (const stray of [
      ...strays.map(end => run[3].replace(/\.tif$/, `${end}.tif`)),
      run[3].replace(/[\d.]+(?=(mm)?\.tif$)/, 'MIP'),
      `Copy of ${run[3]}`,
      'preview.tif',
      ...(run === runs[0] ? ['rec_3.tif', 'rec_00003.tif'] : [])
    ]) {
      const path = folder([...run, stray]);
      const [word, ...others] = await suggestions(path);
      assert.ok(word && others.length === 0, stray);
      const { info, layout } = await openVolume(path, { slices: word });
      assert.deepEqual(
        layout.files.map(file => basename(file)),
        run,
        `${word} beside ${stray}`
      );
      assert.deepEqual(info.warnings, [], `${word} beside ${stray}`);
    }
});

test('what would be refused of a folder is said of what a pattern takes', async () => {
  const run = counted('rec_', 0, 5);
  const copied = folder([...run.filter((_, i) => i !== 4), 'rec_0003_edited.tif']);
  await takes(
    copied,
    'rec_*.tif',
    ['rec_0000.tif', 'rec_0001.tif', 'rec_0002.tif', 'rec_0003_edited.tif', 'rec_0003.tif', 'rec_0005.tif'],
    /rec_0003_edited\.tif does not belong.*but was chosen: rec_0003_edited\.tif became slice 3/,
    /missing: number 4\./
  );
  const two = folder(
    ['a', 'b'].flatMap(name => counted(`scan1${name}_`, 1, 3)).concat(counted('t1_z', 1, 3), counted('t2_z', 1, 3))
  );
  await takes(
    two,
    't*.tif',
    [...counted('t1_z', 1, 3), ...counted('t2_z', 1, 3)],
    /count in two places.*one after another/
  );
  await takes(
    folder(['s9.tif', 's009.tif', 's10.tif']),
    's*',
    ['s009.tif', 's9.tif', 's10.tif'],
    /have the same number/
  );
});

test('a list is taken as it is, and said to be in another order, to have gaps, or a file twice', async () => {
  const names = counted('s', 1, 12, 1);
  const path = folder(names);
  const listed = async (order: string[], ...warnings: RegExp[]) => {
    const { info, layout } = await openVolume(order.map(name => join(path, name)));
    assert.deepEqual(
      layout.files.map(file => basename(file)),
      order
    );
    assert.equal(info.warnings.length, warnings.length, info.warnings.join('\n'));
    for (const [i, warning] of warnings.entries()) assert.match(info.warnings[i], warning);
  };
  await listed(names);
  await listed([...names].sort(), /not that of the numbers in their names: s12\.tif comes before s2\.tif/);
  await listed(names.toReversed(), /the reverse of that of the numbers/);
  await listed([...names, names[2]], /The same file is more than one slice: s3\.tif\./);
  await listed(
    names.filter((_, i) => i !== 4),
    /missing: number 5\./
  );
  symlinkSync(join(path, 's3.tif'), join(path, 's13.tif'));
  await listed([...names, 's13.tif'], /more than one slice: s3\.tif and s13\.tif/);
  await takes(path, null, [...names, 's13.tif'], /more than one slice: s3\.tif and s13\.tif/);
});

test('names that are not UTF-8 keep their bytes, and are readable where they are said', async () => {
  const bytes = (name: string) => Buffer.from(name, 'latin1');
  const path = folder([]);
  const name = (number: number) => Buffer.concat([bytes(`${path}/Sch\xe4del\xb5_`), bytes(`${number}.tif`)]);
  for (const number of [9, 10, 11]) writeFileSync(name(number), tiff());
  const { info, layout } = await openVolume(path);
  assert.equal(layout.shape[0], 3);
  assert.deepEqual(
    layout.files.map(file => onDisk(file)),
    [9, 10, 11].map(name)
  );
  assert.deepEqual([fingerprint(layout).name, info.warnings], ['Sch\ufffddel\ufffd_9.tif', []]);
  assert.match(await headerHash(layout), /^[0-9a-f]{64}$/);
  // Such a name as a command line hands it on.
  assert.equal((await openVolume(`${path}/Sch\ufffddel\ufffd_10.tif`)).layout.files[0], layout.files[1]);
  const chosen = await openVolume(path, { slices: 'Sch\ufffddel*_1?.tif' });
  assert.deepEqual(chosen.layout.files, layout.files.slice(1));
  writeFileSync(Buffer.concat([bytes(`${path}/Sch\xfcdel\xb5_`), bytes('10.tif')]), tiff());
  await assert.rejects(openVolume(`${path}/Sch\ufffddel\ufffd_10.tif`), /_10\.tif: its name was handed on without/);
  await refuses(path, null, 'mixed-pages', /Sch\ufffddel\ufffd_10\.tif/);
  for (const text of ['', 'plain', 'Schädel µ', '\u{1f9b4}', 'a\ufffdb']) assert.equal(nameOf(Buffer.from(text)), text);
  const odd = Buffer.from([0xff, 0x41, 0xc3, 0xc3, 0xa4, 0xe2, 0x82, 0x2e, 0xf0, 0x9f]);
  assert.deepEqual(onDisk(nameOf(odd)), odd);
});
