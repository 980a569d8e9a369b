import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { UsageError } from '../../../src/helper/cli/parse.ts';
import { parseLine } from '../../../src/helper/kernel/cells.ts';
import { complete, inspectAt } from '../../../src/helper/kernel/complete.ts';
import { Codec } from '../../../src/helper/kernel/message.ts';
import { splitWords } from '../../../src/helper/kernel/words.ts';
import { ServerPaths } from '../../../src/helper/paths.ts';

describe('splitWords', () => {
  const words = (line: string): string[] => splitWords(line).map(({ text }) => text);

  it('parts as a shell does', () => {
    assert.deepEqual(words('  info  "a b.tif" \'c"d\' e\\ f  # the rest'), ['info', 'a b.tif', 'c"d', 'e f']);
    assert.deepEqual(words('a#b "" x"y z"w'), ['a#b', '', 'xy zw']);
    assert.deepEqual(words('C:\\data\\scan.tif'), ['C:\\data\\scan.tif']);
    assert.deepEqual(words(''), []);
  });

  it('knows the home folder, but not inside quotes', () => {
    assert.deepEqual(words('~/scan.tif ~ "~/x"'), [join(homedir(), 'scan.tif'), homedir(), '~/x']);
  });

  it('says where a word stands, and that its quote is open', () => {
    assert.deepEqual(splitWords(' a "b c'), [
      { text: 'a', start: 1, end: 2, open: null },
      { text: 'b c', start: 3, end: 7, open: '"' }
    ]);
  });
});

describe('parseLine', () => {
  it('takes the program’s name or leaves it', () => {
    const info = { command: 'info', source: 'a b.tif', options: {}, files: true, json: false, progress: 'bar' };
    for (const line of ["info 'a b.tif'", '!microct-io-vis info "a b.tif"', 'microct-io-vis info a\\ b.tif']) {
      assert.deepEqual(parseLine(line), info);
    }
  });

  it('answers questions', () => {
    for (const line of ['?', '??', ' ? ', 'help', '--help', '?nothing']) {
      assert.deepEqual(parseLine(line), { command: 'help', topic: null }, line);
    }
    for (const line of ['convert?', '?convert', '? convert', 'help convert', 'convert --help']) {
      assert.deepEqual(parseLine(line), { command: 'help', topic: 'convert' }, line);
    }
  });

  it('refuses a quote that is not closed', () => {
    assert.throws(() => parseLine("info 'a"), UsageError);
  });
});

describe('complete', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microct-complete-'));
  before(() => {
    mkdirSync(join(folder, 'scans'));
    ['scan.tif', 'scan b.tif', '.hidden.tif', 'scans/one.tif'].forEach(name => writeFileSync(join(folder, name), ''));
  });
  after(() => rmSync(folder, { recursive: true }));
  const at = (code: string): string[] => complete(code, code.length, folder).matches;

  it('offers commands, options, choices and paths where they belong', () => {
    assert.deepEqual(at(''), ['info', 'estimate', 'convert', 'plan', 'part', 'finish', 'verify', 'view', 'help']);
    assert.deepEqual(at('microct-io-vis co'), ['convert']);
    assert.deepEqual(at('convert x --vo'), ['--voxel-size']);
    assert.deepEqual(at('convert x --ome-zarr '), ['0.6', '0.5', '0.4']);
    assert.deepEqual(at('convert x -d u'), ['uint16', 'uint8']);
    assert.deepEqual(at('convert x -c 1 2 '), []);
    assert.deepEqual(at('info sc'), ['"scan b.tif"', 'scan.tif', 'scans/']);
    assert.deepEqual(at('convert x -c 1 2 3 scans/'), ['scans/one.tif']);
    assert.deepEqual(at('info .h'), ['.hidden.tif']);
    assert.deepEqual(at('nonsense '), []);
  });

  it('looks at the cursor’s line, before the cursor', () => {
    const code = 'info scan.tif\ncon x\nview';
    assert.deepEqual(complete(code, 17, folder), { matches: ['convert'], start: 14, end: 17 });
  });

  it('explains the command or the option at the cursor', () => {
    assert.match(inspectAt('convert --dtype uint8', 12)!, /^-d, --dtype TYPE\n/);
    assert.match(inspectAt('convert --dtype uint8', 3)!, /^usage: microct-io-vis convert/);
    assert.equal(inspectAt('nonsense', 3), null);
  });
});

describe('Codec', () => {
  const codec = new Codec('hmac-sha256', 'key');
  const header = { msg_id: '1', msg_type: 'x', session: 's', username: 'u', date: 'd', version: '5.4' };

  it('reads what it writes, buffers and identities included', () => {
    const frames = codec.encode(
      'hello',
      { a: 'ü' },
      { header, json: JSON.stringify(header) },
      [Buffer.from('who')],
      [new Uint8Array([1, 2])]
    );
    const message = codec.decode(frames.map(frame => Buffer.from(frame)))!;
    assert.equal(message.header.msg_type, 'hello');
    assert.deepEqual(message.content, { a: 'ü' });
    assert.deepEqual(message.identities, [Buffer.from('who')]);
    assert.deepEqual(message.buffers, [Buffer.from([1, 2])]);
  });

  it('refuses what another key signed, what was changed, and what is no message', () => {
    const frames = codec.encode('hello', { a: 1 }, null, []).map(frame => Buffer.from(frame));
    assert.equal(new Codec('hmac-sha256', 'other').decode(frames), null);
    assert.equal(codec.decode([...frames.slice(0, 5), Buffer.from('{"a":2}')]), null);
    assert.equal(codec.decode(frames.slice(0, 4)), null);
    assert.equal(codec.decode([Buffer.from('hello')]), null);
    // Signed, and no message all the same: whoever listens must live on.
    for (const [head, content] of [
      ['null', '{}'],
      ['1', '{}'],
      ['{}', '{}'],
      [JSON.stringify(header), 'null'],
      [JSON.stringify(header), '[]']
    ]) {
      const parts = [head, '{}', '{}', content].map(part => Buffer.from(part));
      const unsigned = new Codec('hmac-sha256', '');
      assert.equal(unsigned.decode([Buffer.from('<IDS|MSG>'), Buffer.from(''), ...parts]), null, `${head} ${content}`);
    }
    assert.throws(() => new Codec('hmac-md5', 'key'), /hmac-md5/);
  });
});

describe('ServerPaths', () => {
  const paths = new ServerPaths('/srv/data');

  it('goes from the file browser’s paths to the file system’s and back', () => {
    assert.equal(paths.absolute('a/b.tif'), '/srv/data/a/b.tif');
    assert.equal(paths.absolute('/x.tif'), '/x.tif');
    assert.equal(paths.show('/srv/data/a/b.tif'), 'a/b.tif');
    assert.equal(paths.show('/srv/database/b.tif'), '/srv/database/b.tif');
    assert.equal(paths.relative('/srv/data'), '');
    assert.equal(paths.relative('/srv/data/..data'), '..data');
    assert.equal(paths.relative('/srv'), null);
  });
});
