import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flags, help } from '../../../src/helper/cli/help.ts';
import { infoRows, planRows, progressText, toText } from '../../../src/helper/cli/describe.ts';
import { COMMANDS } from '../../../src/helper/cli/options.ts';
import { UsageError, parse } from '../../../src/helper/cli/parse.ts';
import { ConvertError } from '../../../src/model/errors.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { COMMAND_LINE, inWords, named, option } from '../../../src/model/words.ts';
import { FORM, PYTHON } from '../../../src/helper/vocabulary.ts';
import { VOLUME_INFO } from '../volume-info.ts';

const usage = (line: string, message: RegExp): void =>
  assert.throws(
    () => parse(line.split(' ')),
    (error: unknown) => error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'),
    line
  );

describe('parse', () => {
  it('understands every option of convert, before and after the paths', () => {
    const line =
      'convert -c 64 32 16 scan.tif -n 3 --shard 128 64 64 --compression gzip --checksum crc32c out.ome.zarr -m 8G --dtype uint16 --channel 0,2 --value-range -1000 -.5e3 ' +
      '--roi 0 10 1 20 2 30 --voxel-size 2 1.5 1e-3 --unit micrometer --ome-zarr=0.4 -j4 --overwrite --resume --progress json';
    assert.deepEqual(parse(line.split(' ')), {
      command: 'convert',
      source: 'scan.tif',
      progress: 'json',
      options: {
        output: 'out.ome.zarr',
        chunkSize: [64, 32, 16],
        levels: 3,
        shard: [128, 64, 64],
        compression: 'gzip',
        checksum: 'crc32c',
        maxMemory: 8 * 2 ** 30,
        dtype: 'uint16',
        channel: [0, 2],
        valueRange: [-1000, -500],
        roi: [0, 10, 1, 20, 2, 30],
        voxelSize: [2, 1.5, 0.001],
        unit: 'micrometer',
        omeZarr: '0.4',
        jobs: 4,
        overwrite: true,
        resume: true
      }
    });
  });

  it('leaves what is not given to the defaults of the engine', () => {
    assert.deepEqual(parse(['convert', 'a.tif']), {
      command: 'convert',
      source: 'a.tif',
      options: {},
      progress: 'bar'
    });
    assert.deepEqual(parse(['estimate', 'a.tif', 'b', '-n', 'auto', '--json']), {
      command: 'estimate',
      source: 'a.tif',
      options: { output: 'b', levels: 'auto' },
      json: true,
      progress: 'bar'
    });
  });

  it('takes what follows -- as paths', () => {
    assert.deepEqual(parse(['convert', '-q', '--', '-c', '--json']), {
      command: 'convert',
      source: '-c',
      options: { output: '--json' },
      progress: 'none'
    });
  });

  it('understands the other commands', () => {
    assert.deepEqual(parse(['info', 'a b.tif', '--json']), {
      command: 'info',
      source: 'a b.tif',
      options: {},
      files: true,
      json: true,
      progress: 'bar'
    });
    assert.deepEqual(parse(['verify', 'a.ome.zarr', '--against', '@-', '-m', '1G', '-j2', '--json', '-q']), {
      command: 'verify',
      output: 'a.ome.zarr',
      against: '@-',
      options: { maxMemory: 2 ** 30, jobs: 2 },
      json: true,
      progress: 'none'
    });
    assert.deepEqual(parse(['view', 'a', 'b', '--port', '8080', '--no-browser']), {
      command: 'view',
      volumes: ['a', 'b'],
      labels: null,
      options: {},
      port: 8080,
      browser: false,
      progress: 'bar'
    });
    const { volumes, labels, options } = parse(['view', 'a', '--labels', 'b']) as Extract<
      ReturnType<typeof parse>,
      { command: 'view' }
    >;
    assert.deepEqual({ volumes, labels, options }, { volumes: ['a'], labels: 'b', options: {} });
    assert.deepEqual(parse(['--version']), { command: 'version' });
    assert.deepEqual(parse(['--help']), { command: 'help', topic: null });
    assert.deepEqual(parse(['convert', 'a.tif', '-h']), { command: 'help', topic: 'convert' });
  });

  it('says what is wrong with a command line, and what was expected', () => {
    assert.throws(() => parse([]), /no command: expected info, estimate, convert, plan, part, finish, verify, view/);
    usage('copy a b', /no command is called copy: expected/);
    usage('convret a', /no command is called convret: did you mean convert\?/);
    usage('--verison', /did you mean --version\?/);
    usage('--jobs=0.5', /^no command is called --jobs=0\.5: expected info/);
    usage('convert a --chunksize 1 1 1', /no option --chunksize: did you mean --chunk-size\?/);
    usage('convert a --levels=3', /no option --levels: did you mean --num-levels\?/);
    usage('convert a --max-mem 1G', /did you mean --max-memory\?/);
    usage('convert', /convert: expected the path of a TIFF/);
    usage('convert a b c', /c is one word too many: expected INPUT \[OUTPUT\]/);
    usage('convert a --threads 1', /no option --threads: see/);
    usage('convert a -c 64 64', /--chunk-size expects 3 values: --chunk-size Z Y X/);
    usage('convert a -c 64 64 --quiet', /--chunk-size expects 3 values/);
    usage('convert a -c 64 64 6.4', /--chunk-size: 6\.4 is not a whole number/);
    usage('convert a --shard 512', /--shard expects 3 values: --shard Z Y X/);
    usage('convert a --resume=yes', /--resume takes no value/);
    usage('convert a -n many', /--num-levels: many is not a whole number or auto/);
    for (const piece of ['4/3', '0/0', '1', 'a/b'])
      usage(`verify a.ome.zarr --piece ${piece}`, /--piece: .* is not I\/N with I from 1 to N/);
    usage('convert a -m lots', /--max-memory: lots is not a size such as 8G/);
    assert.deepEqual(parse(['convert', 'a', '--value-range', '0.1%', '-5']), {
      command: 'convert',
      source: 'a',
      options: { valueRange: ['0.1%', -5] },
      progress: 'bar'
    });
    usage('convert a --value-range 0 nan', /--value-range: nan is not a number/);
    usage('convert a --value-range 0 x%', /--value-range: x is not a number/);
    usage('convert a --compression lzma', /--compression: lzma is not one of blosc-zstd, blosc-lz4/);
    usage('convert a --downsample median', /--downsample: median is not one of mean, mode, max, nearest/);
    usage('convert a --overwrite=yes', /--overwrite takes no value/);
    usage('convert a -j 2 -j 3', /--jobs is given twice/);
    usage('scan.tif', /scan\.tif is no command: write one before it, as info scan\.tif, .* or convert scan\.tif/);
    usage('a/scan.ome.zarr', /no command: .* or view a\/scan\.ome\.zarr/);
    for (const word of ['-o', '-oa.zarr', '--output=a.zarr', '--out']) {
      usage(
        `convert a.tif ${word} b`,
        /convert has no option -.*: OUTPUT is given without one: .* convert INPUT \[OUTPUT\]/
      );
    }
    usage('convert 1.tif 2.tif 3.tif', /3\.tif is one word too many: .* by their folder, several volumes by --batch/);
    usage('info a --dtype uint8', /info has no option --dtype/);
    usage('verify', /verify: expected the path of an OME-Zarr/);
    usage('verify a b', /b is one word too many: the source is named with --against: verify a --against b$/);
    usage('verify a.tif b.zarr', /--against: verify b\.zarr --against a\.tif$/);
    usage('view', /view: expected the path/);
    usage('view a --port 99999', /99999 is no port number/);
  });
});

describe('help', () => {
  it('stays within the terminal, and loses no word', () => {
    for (const topic of [null, ...COMMANDS.map(({ name }) => name)]) {
      const narrow = help(topic, 80);
      const long = narrow.split('\n').filter(line => line.length >= 80 && !line.startsWith('usage:'));
      assert.deepEqual(long, [], topic ?? '');
      assert.deepEqual(narrow.split(/\s+/), help(topic).split(/\s+/), topic ?? '');
    }
  });

  it('keeps more than a word in a line, however narrow the terminal', () => {
    assert.equal(help('convert', 1), help('convert', 40));
  });

  it('names every command, and every option of each', () => {
    for (const command of COMMANDS) {
      assert.ok(help(null).includes(command.name));
      for (const option of command.options) {
        assert.ok(help(command.name).includes(flags(option)), `${command.name} ${option.name}`);
        assert.ok(help(command.name).includes(option.help), `${command.name} ${option.name}`);
      }
    }
  });
});

describe('descriptions', () => {
  const plan: Plan = {
    ...VOLUME_INFO,
    source: 'shell.tif',
    bytes: 7_400_000,
    output: '/data/shell.ome.zarr',
    levels: [
      { shape: [225, 128, 128], chunks: [2, 1, 1], bytes: 7_372_800 },
      { shape: [113, 64, 64], chunks: [1, 1, 1], bytes: 925_696 }
    ],
    uncompressedBytes: 8_298_496,
    diskBytes: 8_400_000,
    freeDiskBytes: 2 ** 40,
    peakMemoryBytes: 2 ** 29,
    workers: 1,
    unfinished: null,
    outputRefusal: null,
    warnings: ['something odd']
  };

  it('show the facts of a source, and say when a voxel size is unknown', () => {
    const text = toText(infoRows(plan));
    assert.match(text, /^source {6}shell\.tif$/m);
    assert.match(text, /ImageJ TIFF, 225 pages, 7\.06 MiB/);
    assert.match(text, /225 × 128 × 128 voxels \(z, y, x\)/);
    assert.match(text, /2 × 1\.5 × 1\.5 micrometer \(from imagej\)/);
    assert.match(toText(infoRows({ ...plan, voxelSize: null, unit: null })), /voxel size +unknown$/m);
  });

  it('show the levels of a plan in columns', () => {
    const lines = toText(planRows(plan)).split('\n');
    assert.ok(lines.some(line => /^levels +0: 225 × 128 × 128 voxels in 2 × 1 × 1 chunks, 7\.03 MiB$/.test(line)));
    assert.ok(lines.some(line => /^ +1: 113 × {2}64 × {2}64 voxels in 1 × 1 × 1 chunks, {2}904 KiB$/.test(line)));
    assert.ok(lines.some(line => /^peak memory +512 MiB with 1 worker$/.test(line)));
    assert.ok(lines.some(line => /^warning +something odd$/.test(line)));
  });

  it('show what an interrupted conversion has left, and whether it can be gone on with', () => {
    assert.doesNotMatch(toText(planRows(plan)), /unfinished/);
    const written = new Date(2026, 10, 24, 9, 5).getTime();
    const unfinished = { written, doneBytes: 429, totalBytes: 1000, refusal: null };
    const row = (left: typeof plan.unfinished): string | undefined =>
      planRows({ ...plan, unfinished: left }).find(([name]) => name === 'unfinished')?.[1];
    assert.equal(row(unfinished), '42 % done, last written 2026-11-24 09:05; --resume goes on with it');
    assert.equal(
      row({ ...unfinished, refusal: 'another source' }),
      '42 % done, last written 2026-11-24 09:05; cannot be resumed: another source'
    );
  });

  it('show progress, with what is not known yet left out', () => {
    const progress = { doneBytes: 2 ** 29, totalBytes: 2 ** 30, bytesPerSecond: 5e8, secondsLeft: 75 };
    assert.equal(progressText(progress), ' 50 %  512 MiB of 1.00 GiB  477 MiB/s  1 min 15 s left');
    assert.equal(progressText({ ...progress, bytesPerSecond: 0, secondsLeft: null }), ' 50 %  512 MiB of 1.00 GiB');
  });
});

describe('messages', () => {
  it('name options as the surface does where they are read', () => {
    const said = {
      warnings: [`${named('levels')} is 3: ${option('voxelSize', 'Z', 0.5, 5)}`, 'nothing to put'],
      refusal: `${option('maxMemory', '512M')}, ${option('slices', 'rec_*.tif')} or ${option('overwrite')}`
    };
    assert.deepEqual(inWords(said, COMMAND_LINE), {
      warnings: ['--num-levels is 3: --voxel-size Z 0.5 5', 'nothing to put'],
      refusal: "--max-memory 512M, --slices 'rec_*.tif' or --overwrite"
    });
    assert.deepEqual(inWords(said, PYTHON), {
      warnings: ['num_levels is 3: voxel_size=(Z, 0.5, 5)', 'nothing to put'],
      refusal: 'max_memory="512M", slices="rec_*.tif" or overwrite=True'
    });
    assert.deepEqual(inWords(said, FORM), {
      warnings: ['“Levels” is 3: “Voxel size” Z 0.5 5', 'nothing to put'],
      refusal: '“Memory budget” 512M, “Slices” rec_*.tif or “Replace an existing OME-Zarr”'
    });
    assert.equal(new ConvertError('bad-option', option('chunkSize', 8, 8, 8)).message, '--chunk-size 8 8 8');
  });
});
