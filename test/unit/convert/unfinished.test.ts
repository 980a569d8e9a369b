// Leftovers of runs that were killed or lost their power, and what the next ones make of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConvertError, convert, verify } from '../../../src/convert/index.ts';
import { finishedPlace } from '../../../src/zarr/finished-place.ts';
import { TOOL } from '../../../src/model/version.ts';
import { checkDestination } from '../../../src/zarr/check-destination.ts';
import { Destination } from '../../../src/zarr/destination.ts';
import { JOURNAL, Journal } from '../../../src/zarr/journal.ts';
import { readLabels } from '../../../src/zarr/labels-group.ts';
import { MARKER, ownerOf } from '../../../src/zarr/owner.ts';
import { writeError } from '../../../src/zarr/system-errors.ts';
import { random } from '../random.ts';
import { scratch } from '../scratch.ts';
import { writeTiff } from '../reader/tiff-writer.ts';

const { fresh } = scratch('unfinished');

const fails =
  (code: string, ...words: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConvertError, String(error));
    assert.equal(error.code, code, error.message);
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  };

/** A process number that none has. */
const NOBODY = 2 ** 30;

function makeZarr(path: string, content: string): void {
  mkdirSync(path, { recursive: true });
  const attributes = { ome: { version: '0.5', multiscales: [] } };
  writeFileSync(join(path, 'zarr.json'), JSON.stringify({ zarr_format: 3, node_type: 'group', attributes }));
  writeFileSync(join(path, 'content'), content);
}
const contentOf = (path: string): string => readFileSync(join(path, 'content'), 'utf8');

function makeTiff(path: string, shape = [4, 8, 8]): string {
  const [depth, height, width] = shape;
  const pages = Array.from({ length: depth }, (_, z) => ({
    width,
    height,
    segments: [new Uint8Array(height * width).map((_, i) => (z + i) % 7)]
  }));
  writeFileSync(path, writeTiff(pages));
  return path;
}

test('of a journal that is damaged anywhere, what was noted before that is believed, and nothing else', () => {
  const parent = fresh();
  const path = join(parent, JOURNAL);
  const journal = Journal.create(parent, { what: 'was to be done, µm' });
  assert.equal(journal.begun, false);
  journal.range([-1.5, 3e38]);
  for (let n = 0; n < 6; n++) {
    const index: [number, number, number] = [n, 1, 0];
    journal.block({ volume: 0, level: 0, index, bytes: 9, checksum: n, min: null, max: 0.1, nan: n, overflow: 0 });
  }
  assert.equal(journal.begun, true);
  journal.close();
  const bytes = readFileSync(path);
  const whole = Journal.read(parent)!;
  assert.deepEqual([whole.blocks.length, whole.range, whole.length], [6, [-1.5, 3e38], bytes.length]);
  const ends = [...bytes.keys()].filter(i => bytes[i] === 10);
  const check = (damaged: Buffer, at: number, what: string) => {
    writeFileSync(path, damaged);
    const lines = ends.filter(end => end < at).length;
    const record = Journal.read(parent);
    if (lines === 0) return assert.equal(record, null, what);
    assert.deepEqual(record!.head, whole.head, what);
    assert.equal(record!.length, ends[lines - 1] + 1, what);
    assert.deepEqual(record!.range, lines > 1 ? whole.range : null, what);
    assert.deepEqual(record!.blocks, whole.blocks.slice(0, Math.max(0, lines - 2)), what);
  };
  const next = random(3);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    const bit = Math.floor(next() * 8);
    damaged[at] ^= 1 << bit;
    check(damaged, at, `bit ${bit} of byte ${at}`);
  }
  for (let n = 0; n < 30; n++) {
    const at = Math.floor(next() * bytes.length);
    const length = 1 + Math.floor(next() * 400);
    check(bytes.subarray(0, at), at, `cut at ${at}`);
    check(
      Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length), bytes.subarray(at + length)]),
      at,
      `zeros at ${at}`
    );
    const [from, to] = [ends[n % 4], ends[(n % 4) + 1]].map(end => end + 1);
    // A line that is whole, but not in its place; and none there.
    const line = bytes.subarray(from, to);
    check(Buffer.concat([bytes.subarray(0, to), line, bytes.subarray(to)]), to, 'a line twice');
    check(Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]), from, 'a line gone');
    for (const garbage of ['null\n', '{}\n', '[]\n', '\n', '{"block":{}}\n', '00000000 null\n', '\xff\xfe\n'])
      check(Buffer.concat([bytes.subarray(0, to), Buffer.from(garbage), bytes.subarray(to)]), to, garbage);
  }
  // Whoever goes on with it does so behind what is believed.
  writeFileSync(path, bytes.subarray(0, ends[3] + 5));
  const reopened = Journal.reopen(parent, Journal.read(parent)!);
  reopened.block({ ...whole.blocks[5], checksum: 99 });
  reopened.close();
  assert.deepEqual(Journal.read(parent)!.blocks, [...whole.blocks.slice(0, 2), { ...whole.blocks[5], checksum: 99 }]);
});

test('a journal may be longer than what can be read at once, and a line of it too', () => {
  const parent = fresh();
  const head = { slices: Array.from({ length: 20_000 }, (_, n) => `rec_${n}.tif`) };
  const journal = Journal.create(parent, head);
  const blocks = Array.from({ length: 2000 }, (_, n) => ({
    ...{ volume: 0, level: 0, index: [n, 1, 0] as [number, number, number], bytes: 9, checksum: n },
    ...{ min: null, max: 0.1, nan: n, overflow: 0 }
  }));
  for (const block of blocks) journal.block(block);
  journal.close();
  const { size } = statSync(join(parent, JOURNAL));
  for (const length of [size, 3 * 2 ** 30]) {
    truncateSync(join(parent, JOURNAL), length);
    const found = Journal.read(parent);
    assert.deepEqual([found?.head, found?.blocks, found?.length], [head, blocks, size]);
  }
});

test('an unfinished output whose marker did not get onto the disk is ours, and one of others is not', async () => {
  const own = JSON.stringify({ tool: TOOL, host: hostname(), pid: NOBODY, started: '1', id: 'x' });
  const damages: [string, string | null][] = [
    ['empty', ''],
    ['zeros', '\0'.repeat(90)],
    ['cut', own.slice(0, 40)],
    ['null', 'null'],
    ['another tool', own.replace(TOOL, 'microct-io-viz')],
    ['none', null]
  ];
  for (const [what, text] of damages)
    for (const journal of [true, false])
      for (const foreign of [false, true])
        for (const claim of ['claim', 'takeOver'] as const) {
          const output = join(fresh(), 'out.ome.zarr');
          const partial = `${output}.partial`;
          mkdirSync(join(partial, '0'), { recursive: true });
          if (text !== null) writeFileSync(join(partial, MARKER), text);
          if (journal) writeFileSync(join(partial, JOURNAL), '');
          if (foreign) writeFileSync(join(partial, 'precious.txt'), '');
          const isOurs = !foreign && (journal || text !== null);
          assert.equal(ownerOf(partial), isOurs ? 'stale' : 'foreign', `${what}, ${journal}, ${foreign}`);
          if (!isOurs) {
            await assert.rejects(Destination[claim](output, true), fails('output-exists', 'not made by this program'));
            assert.ok(!foreign || existsSync(join(partial, 'precious.txt')));
            continue;
          }
          assert.equal(await checkDestination(output, 'x.tif', false), partial);
          const destination = await Destination[claim](output, false);
          assert.equal(existsSync(join(partial, '0')), claim === 'takeOver');
          assert.notEqual(ownerOf(partial), 'stale');
          await destination.finish();
          assert.deepEqual(readdirSync(dirname(output)), ['out.ome.zarr']);
        }
  // An empty folder has nothing to lose; a process that is taking one over has put its own marker beside.
  const partial = join(fresh(), 'out.ome.zarr.partial');
  mkdirSync(partial);
  assert.equal(ownerOf(partial), 'stale');
  writeFileSync(join(partial, JOURNAL), '');
  const pid = process.ppid;
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : null;
  const started = stat?.split(') ')[1].split(' ')[19] ?? null;
  writeFileSync(join(partial, `${MARKER}-1`), JSON.stringify({ tool: TOOL, host: hostname(), pid, started, id: 'y' }));
  assert.deepEqual(ownerOf(partial), { running: `process ${pid} on ${hostname()}`, elsewhere: false });
});

test('a conversion that was killed has ended, though nobody has asked after it', async t => {
  if (process.platform !== 'linux') return t.skip('what is left of a process is told as Linux does');
  // The shell becomes a program that waits for no child.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(said));
    const stat = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8');
    while (!/\) Z /.test(stat())) await sleep(10);
    const partial = join(fresh(), 'out.ome.zarr.partial');
    mkdirSync(partial);
    const started = stat().split(') ')[1].split(' ')[19];
    writeFileSync(join(partial, MARKER), JSON.stringify({ tool: TOOL, host: hostname(), pid, started, id: 'z' }));
    assert.equal(ownerOf(partial), 'stale');
  } finally {
    parent.kill('SIGKILL');
  }
});

test('what is kept can be taken over, and what is discarded is in nobody’s way though it was not all removed', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const first = await Destination.claim(output, false);
  writeFileSync(join(first.partial, '.decoded'), 'large');
  assert.equal(first.keep(), true);
  assert.deepEqual(readdirSync(first.partial), [MARKER]);
  const second = await Destination.takeOver(output, false);
  await second.discard();
  assert.deepEqual(readdirSync(dirname(output)), []);
  assert.equal(second.keep(), false);
});

test('what ended runs left beside an output is cleared up by the next one on it, and what is of others stays', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const beside = (ending: string) => `${output}${ending}`;
  makeZarr(output, 'new');
  makeZarr(beside(`.previous-${NOBODY}`), 'old');
  makeZarr(beside(`.previous-${process.pid}`), 'old, of this process number');
  for (const ending of [`.partial-${NOBODY}-abc`, `.partial-${NOBODY}-abd-old`, `.partial-${process.pid}-abc`])
    mkdirSync(beside(ending));
  writeFileSync(join(beside(`.partial-${NOBODY}-abd-old`), JOURNAL), '');
  makeZarr(beside(`.partial-${NOBODY}-abe-gone`), 'old, half removed');
  const kept = [
    `.previous-${process.ppid}`,
    '.previous-mine',
    `.partial-${process.ppid}-abc`,
    `.partial-${NOBODY}-foreign`,
    '.partial-mine',
    'x.previous-1'
  ].map(beside);
  for (const path of kept) makeZarr(path, 'of others');
  const destination = await Destination.claim(output, true);
  await destination.discard();
  assert.deepEqual(
    readdirSync(dirname(output)).sort(),
    [output, ...kept].map(path => path.slice(dirname(output).length + 1)).sort()
  );
  assert.equal(contentOf(output), 'new');
});

test('a run that was ended between taking a name from the old output and giving it to the new one loses neither', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const previous = `${output}.previous-${NOBODY}`;
  makeZarr(previous, 'old');
  await assert.rejects(checkDestination(output, 'x.tif', false), fails('output-exists', previous, '--overwrite'));
  await checkDestination(output, 'x.tif', true);
  const cancelled = await Destination.claim(output, true);
  assert.equal(contentOf(output), 'old');
  await cancelled.discard();
  assert.deepEqual(readdirSync(dirname(output)), ['out.ome.zarr']);
  renameSync(output, previous);
  const finished = await Destination.claim(output, true);
  writeFileSync(join(finished.partial, 'content'), 'new');
  await finished.finish();
  assert.deepEqual(readdirSync(dirname(output)), ['out.ome.zarr']);
  assert.equal(contentOf(output), 'new');
});

test('labels that a conversion was ended before it could list are listed by the next, and named by verify', async () => {
  for (const omeZarr of ['0.5', '0.4'] as const) {
    const parent = fresh();
    const source = makeTiff(join(parent, 'cells.tif'));
    const { output: image } = await convert(source, { output: join(parent, 'scan.ome.zarr'), omeZarr });
    const list = join(image, 'labels', omeZarr === '0.5' ? 'zarr.json' : '.zattrs');
    const options = { labels: true, parent: image };
    for (const output of ['nuclei', 'cells']) await convert(source, { ...options, output });
    const before = readFileSync(list, 'utf8');
    const unlisted = before.replace(/,\s*"cells"/, '');
    assert.notEqual(unlisted, before);
    const lose = () => {
      writeFileSync(list, unlisted);
      for (const name of [
        `${list}-6ba7b810-9dad-11d1-80b4-00c04fd430c8`,
        `${list}-${NOBODY}-6ba7b810-9dad-11d1-80b4-00c04fd430c8`
      ])
        writeFileSync(name, '{');
    };
    lose();
    for (const path of [image, join(image, 'labels/cells')]) {
      const { ok, notes } = await verify(path, { against: source });
      assert.ok(ok);
      assert.deepEqual(
        notes.filter(note => note.includes('not in the list')).map(note => note.split(':')[0]),
        [join(image, 'labels/cells')]
      );
    }
    const { notes } = await verify(join(image, 'labels/nuclei'), { against: source });
    assert.deepEqual(notes, []);
    // The same command says that it is there, and then it is.
    await assert.rejects(convert(source, { ...options, output: 'cells' }), fails('output-exists', 'listed now'));
    assert.equal(readFileSync(list, 'utf8'), before);
    await assert.rejects(
      convert(source, { ...options, output: 'cells' }),
      (error: Error) => !error.message.includes('listed')
    );
    lose();
    await convert(source, { ...options, output: 'more' });
    assert.ok(JSON.stringify(readLabels(image, omeZarr === '0.4' ? 2 : 3)).includes('["nuclei","cells","more"]'));
    const files = readdirSync(join(image, 'labels'), { withFileTypes: true }).filter(entry => entry.isFile());
    assert.deepEqual(files.map(({ name }) => name).sort(), omeZarr === '0.5' ? ['zarr.json'] : ['.zattrs', '.zgroup']);
  }
});

test('a conversion that goes on with nothing that can be read says so', async () => {
  const parent = fresh();
  const source = makeTiff(join(parent, 'scan.tif'));
  const output = join(parent, 'out.ome.zarr');
  const destination = await Destination.claim(output, false);
  destination.keep();
  writeFileSync(join(destination.partial, JOURNAL), 'damaged');
  const { warnings } = await convert(source, { output, resume: true });
  assert.ok(
    warnings.some(warning => warning.includes(`${output}.partial`)),
    warnings.join()
  );
  truncateSync(source, 0);
});

test('errors of file systems are told by what they mean, also where Node has no name for them', () => {
  const error = (code: string, errno: number) => Object.assign(new Error(`${code}: something, write`), { code, errno });
  const cases: [string, number, string, string][] = [
    ['Unknown system error -122', -122, 'disk-full', 'your quota is used up (EDQUOT)'],
    ['ENOSPC', -28, 'disk-full', 'the disk is full (ENOSPC)'],
    ['EROFS', -30, 'output-unwritable', 'can only be read (EROFS)'],
    ['EMFILE', -24, 'output-unwritable', 'ulimit -n'],
    ['ENAMETOOLONG', -36, 'output-unwritable', 'longer'],
    ['EIO', -5, 'output-unwritable', '(EIO)'],
    ['Unknown system error -116', -116, 'output-unwritable', '(ESTALE)'],
    ['Unknown system error -999', -999, 'internal', 'Unknown system error -999']
  ];
  for (const [code, errno, expected, words] of process.platform === 'linux' ? cases : [])
    assert.ok(fails(expected, '/data/out: ', words)(writeError(error(code, errno), '/data/out')));
  const own = new Error('no error of the system');
  assert.equal(writeError(own, '/data/out'), own);
});

test('that an output was finished lies beside it, and of labels beside their image', () => {
  assert.equal(finishedPlace('/data/scan.ome.zarr'), '/data/.scan.ome.zarr.finished');
  assert.equal(finishedPlace('/data/labels/scan.ome.zarr'), '/data/labels/.scan.ome.zarr.finished');
  assert.equal(finishedPlace('/data/scan.ome.zarr/labels/cells'), '/data/.scan.ome.zarr.labels.cells.finished');
  assert.equal(finishedPlace('s3://b/img/labels/cells'), 's3://b/.img.labels.cells.finished');
  assert.equal(finishedPlace('C:\\data\\scan.ozx'), 'C:\\data\\.scan.ozx.finished');
  assert.equal(finishedPlace('a.zarr'), '.a.zarr.finished');
});
