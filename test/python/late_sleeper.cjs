// Preloaded into the helper (NODE_OPTIONS=--require): it stops itself, as by SIGSTOP, when an output is whole and is
// about to get its name, until it is told to go on.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const { renameSync } = fs;
fs.renameSync = (from, to) => {
  if (String(to).endsWith('.ome.zarr')) process.kill(process.pid, 'SIGSTOP');
  renameSync(from, to);
};
syncBuiltinESMExports();
