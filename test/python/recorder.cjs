// Preloaded into the helper (NODE_OPTIONS=--require): notes every call that changes the files under
// MICROCT_RECORD_ROOT, with its data, in the order in which the calls end, as a JSON object a line of
// MICROCT_RECORD_LOG. What a call to put something on the disk guarantees is what had ended before it began, so that
// such calls are noted twice.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const { threadId } = require('node:worker_threads');

const { MICROCT_RECORD_ROOT: ROOT, MICROCT_RECORD_LOG: LOG } = process.env;
const { openSync, writeSync } = fs;
const log = openSync(LOG, 'a');
const note = entry => void writeSync(log, `${JSON.stringify(entry)}\n`);
const isOurs = path => typeof path === 'string' && path.startsWith(ROOT);

/** Open files by descriptor: a number of each, for all threads. */
const files = new Map();
let count = 0;

const { O_CREAT, O_TRUNC, O_APPEND } = fs.constants;
function opened(fd, path, flags = 'r') {
  if (!isOurs(path)) return files.delete(fd);
  const id = `${threadId}-${count++}`;
  const has = (bit, letters) => (typeof flags === 'number' ? (flags & bit) !== 0 : letters.test(flags));
  files.set(fd, { id, end: has(O_APPEND, /^a/), at: 0 });
  note({ call: 'open', path, id, create: has(O_CREAT, /^[wa]/), truncate: has(O_TRUNC, /^w/) });
}

function wrote(fd, bytes, position) {
  const file = files.get(fd);
  if (!file || bytes.length === 0) return;
  const at = file.end ? null : (position ?? file.at);
  if (typeof position !== 'number') file.at += bytes.length;
  note({ call: 'write', id: file.id, at, data: Buffer.from(bytes).toString('base64') });
}
const bytesOf = data => (typeof data === 'string' ? Buffer.from(data) : data);
const part = (data, offset = 0, length = data.length - offset) => data.subarray(offset, offset + length);

/** Replaces a function, keeping what `promisify` finds on it. */
function wrap(owner, name, make) {
  const original = owner[name];
  const wrapped = make(original.bind(owner));
  for (const symbol of Object.getOwnPropertySymbols(original)) wrapped[symbol] = original[symbol];
  owner[name] = wrapped;
}

wrap(fs, 'openSync', original => (path, flags, mode) => {
  const fd = original(path, flags, mode);
  opened(fd, path, flags);
  return fd;
});
wrap(fs, 'writeSync', original => (fd, data, offset, length, position) => {
  const written = original(fd, data, offset, length, position);
  if (files.has(fd) && !appending)
    wrote(fd, typeof data === 'string' ? Buffer.from(data) : part(data, offset, written), position);
  return written;
});
wrap(fs, 'write', original => (fd, data, offset, length, position, done) => {
  original(fd, data, offset, length, position, (error, written) => {
    if (!error) wrote(fd, part(data, offset, written), position);
    done(error, written, data);
  });
});
/** Appending is made of other calls. */
let appending = false;
wrap(fs, 'appendFileSync', original => (file, data, options) => {
  appending = true;
  try {
    original(file, data, options);
  } finally {
    appending = false;
  }
  wrote(file, bytesOf(data), null);
});
wrap(fs, 'ftruncateSync', original => (fd, length) => {
  original(fd, length);
  if (files.has(fd)) note({ call: 'truncate', id: files.get(fd).id, length });
});

let syncs = 0;
const beginSync = fd => {
  const file = files.get(fd);
  if (!file) return () => {};
  const sync = `${threadId}-${syncs++}`;
  note({ call: 'sync', id: file.id, sync });
  return () => note({ call: 'synced', id: file.id, sync });
};
wrap(fs, 'fsyncSync', original => fd => {
  const end = beginSync(fd);
  original(fd);
  end();
});
wrap(fs, 'fsync', original => (fd, done) => {
  const end = beginSync(fd);
  original(fd, error => {
    if (!error) end();
    done(error);
  });
});

const named = {
  mkdirSync: path => ({ call: 'mkdir', path }),
  renameSync: (path, to) => ({ call: 'rename', path, to }),
  linkSync: (path, to) => ({ call: 'link', path, to }),
  rmdirSync: path => ({ call: 'rmdir', path }),
  unlinkSync: path => ({ call: 'remove', path })
};
for (const [name, entry] of Object.entries(named))
  wrap(fs, name, original => (...args) => {
    const result = original(...args);
    if (isOurs(args[0])) note(entry(...args));
    return result;
  });
const removing = path => {
  if (isOurs(path)) note({ call: 'removing', path });
  return () => isOurs(path) && note({ call: 'remove', path });
};
wrap(fs, 'rmSync', original => (path, options) => {
  const end = removing(path);
  original(path, options);
  end();
});

wrap(fs.promises, 'mkdir', original => async (path, options) => {
  const result = await original(path, options);
  if (isOurs(path)) note({ call: 'mkdir', path });
  return result;
});
wrap(fs.promises, 'rm', original => async (path, options) => {
  const end = removing(path);
  await original(path, options);
  end();
});
wrap(fs.promises, 'open', original => async (path, flags, mode) => {
  const file = await original(path, flags, mode);
  opened(file.fd, path, flags);
  wrap(file, 'write', write => async (data, offset, length, position) => {
    const result = await write(data, offset, length, position);
    wrote(file.fd, bytesOf(data).subarray(offset, offset + result.bytesWritten), position);
    return result;
  });
  wrap(file, 'writeFile', write => async (data, options) => {
    await write(data, options);
    wrote(file.fd, bytesOf(data), null);
  });
  wrap(file, 'sync', sync => async () => {
    const end = beginSync(file.fd);
    await sync();
    end();
  });
  return file;
});
// Other ways to change files would go unseen.
for (const name of ['writeFileSync', 'copyFileSync', 'truncateSync', 'writevSync', 'cpSync', 'symlinkSync'])
  wrap(fs, name, original => (path, ...rest) => {
    if ((isOurs(path) || files.has(path)) && !appending)
      throw new Error(`fs.${name} is not recorded: teach recorder.cjs about it`);
    return original(path, ...rest);
  });
syncBuiltinESMExports();
