// `npm run docs`: pages of the programming interfaces, from the comments in the sources, in docs/api: python (the
// package, by pdoc) and typescript (the engine, the protocol and what other extensions of JupyterLab may use, by
// TypeDoc).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, ROOT, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'docs');
const out = join(ROOT, 'docs/api');
// `open` is public, but `import *` leaves it out.
const pages = `
import pathlib, microct_io_vis, pdoc
microct_io_vis.__all__.append("open")
pdoc.render.configure(docformat="numpy")
pdoc.pdoc("microct_io_vis", output_directory=pathlib.Path(${JSON.stringify(join(out, 'python'))}))
`;
await run(PYTHON, ['-c', pages]);
await run(process.execPath, [
  join(ROOT, 'node_modules/typedoc/bin/typedoc'),
  ...['--options', join(ROOT, 'src/build/typedoc.json'), '--out', join(out, 'typescript')]
]);
