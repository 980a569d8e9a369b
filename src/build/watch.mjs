// `npm run watch`: an edit reaches what it is an edit of within seconds. Of src/lab, form, widget and viewer: a page to
// reload (JupyterLab's, or that of `view`); of src/helper and the engine: the next command, or a restarted kernel. Ends
// with Ctrl-C.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, prepare } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'test');

const module = path => join(ROOT, 'node_modules', path);
const core = module('@jupyterlab/core-meta/core.package.json');
const watches = [
  [
    module('typescript/bin/tsc'),
    '-p',
    '.',
    '--watch',
    '--preserveWatchOutput',
    '--incremental',
    '--tsBuildInfoFile',
    'lib/watch.tsbuildinfo'
  ],
  [join(ROOT, 'src/build/helper.mjs'), '--watch'],
  [join(ROOT, 'src/build/page.mjs'), '--watch'],
  [module('@jupyter/builder/lib/build-labextension.js'), '--core-package-file', core, '--development', '--watch', '.']
].map(words => spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }));

const end = status => {
  for (const watch of watches) watch.kill();
  process.exit(status);
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(0));
for (const watch of watches) watch.on('exit', code => end(code ?? 1));
