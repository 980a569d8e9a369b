// `npm run bench`: measures conversions against their peers and writes docs/benchmarks.md. `npm run bench -- --smoke`
// is a small trial run; `npm run bench -- NAME` measures one section: viewer (what opening a volume takes), cold,
// reading, threads, or one of the usual ones.
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';
import { PYTHON, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'bench');
if (process.argv.includes('viewer')) process.env.MICROCT_CHROMIUM = await findChromium();
await run(PYTHON, ['test/bench', ...process.argv.slice(2)]);
