// Everything that is generated: SIMD kernels, lib/ (TypeScript for the browser), the helper's bundle, the viewer's page, the labextension.
// Each step is a script of its own; they run in this order because each reads what the one before wrote.
import { join } from 'node:path';
import { ROOT, run } from './environment.mjs';

const node = process.execPath;
const script = name => [join(ROOT, 'src/build', name)];
const bin = path => [join(ROOT, 'node_modules', path)];

await run(node, script('simd.mjs'));
await run(node, [...bin('typescript/bin/tsc'), '-p', '.']);
await run(node, script('helper.mjs'));
await run(node, script('page.mjs'));
const core = join(ROOT, 'node_modules/@jupyterlab/core-meta/core.package.json');
await run(node, [...bin('@jupyter/builder/lib/build-labextension.js'), '--core-package-file', core, '.']);
