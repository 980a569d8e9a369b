// Which files of a folder are its slices, in which order, and what is wrong with them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { ConvertError, type ErrorCode } from '../../src/convert/errors.ts';
import { openVolume } from '../../src/convert/tiff/index.ts';
import { describeGaps, findGaps } from '../../src/convert/tiff/series.ts';
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
  await takes(other, '1-9', run);
  await takes(other, 'rec0*.tif', run);
  await takes(other, '[ar]*[0-9].tif', run);
  const scan = folder([...counted('scan1_rec', 1, 20), 'scan2_rec0001.tif']);
  await refuses(scan, null, 'mixed-pages', /scan2_rec0001\.tif does not belong.*--slices 'scan1_rec\*\.tif'/);
  await refuses(
    folder([...run, 'rec12.tif', 'rec012.tif']),
    null,
    'mixed-pages',
    /rec012\.tif and rec12\.tif have the same number/
  );
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
  await refuses(folder(run, pictures(4)), null, 'mixed-pages', /30 TIFF and 4 PNG files.*--slices, such as '\*\.tif'/);
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
