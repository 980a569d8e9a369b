// `npm run docs`: pages of the programming interfaces, from the comments in the sources, in docs/api: python (the
// package, by pdoc) and typescript (the engine, the protocol and what other extensions of JupyterLab may use, by
// TypeDoc).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, ROOT, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'docs');
const out = join(ROOT, 'docs/api');
await run(PYTHON, ['-m', 'pdoc', '--docformat', 'numpy', '--output-directory', join(out, 'python'), 'microct_io_vis']);
await run(process.execPath, [
  join(ROOT, 'node_modules/typedoc/bin/typedoc'),
  ...['--options', join(ROOT, 'src/build/typedoc.json'), '--out', join(out, 'typescript')]
]);
