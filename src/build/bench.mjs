// `npm run bench`: measures conversions against their peers and writes docs/benchmarks.md. `npm run bench -- --smoke`
// is a small trial run.
import { fileURLToPath } from 'node:url';
import { PYTHON, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'bench');
await run(PYTHON, ['test/bench', ...process.argv.slice(2)]);
