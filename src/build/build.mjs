// `npm run build`: everything that is generated, beside the SIMD loops that the toolchain brings: lib/ (TypeScript for
// the browser), the helper's bundle, the viewer's page, the labextension. Each step is a script of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, prepareTools, run } from './environment.mjs';
import { completeList } from './notices.mjs';

// `--here`: with this Node and these packages, for one who makes a wheel.
const here = process.argv.includes('--here');
if (!here) await prepareTools(fileURLToPath(import.meta.url));

const node = process.execPath;
const script = name => [join(ROOT, 'src/build', name)];
const bin = path => [join(ROOT, 'node_modules', path)];

if (here) await run(node, script('simd.mjs'));
await run(node, [...bin('typescript/bin/tsc'), '-p', '.']);
await Promise.all([run(node, script('helper.mjs')), run(node, script('page.mjs'))]);
const core = join(ROOT, 'node_modules/@jupyterlab/core-meta/core.package.json');
await run(node, [...bin('@jupyter/builder/lib/build-labextension.js'), '--core-package-file', core, '.']);
const modules = JSON.parse(readFileSync(join(ROOT, 'lib/labextension.json'), 'utf8'));
completeList(join(ROOT, 'microct_io_vis/labextension/static/third-party-licenses.json'), modules);
