// `npm test`: installs and builds what is missing, then runs the unit tests, the Python tests and the browser tests
// against a live JupyterLab. `npm test -- unit zarr`, `-- python -k labels`, `-- browser lab`: one of the three suites,
// or a part of it; unit tests alone need no build.
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';
import { PYTHON, ROOT, prepare, prepareTools } from './environment.mjs';

const SUITES = ['unit', 'python', 'browser'];
const given = process.argv.slice(2);
const named = given.findIndex(word => !SUITES.includes(word));
const chosen = named < 0 ? given : given.slice(0, named);
/** Which part of the one suite that is named before them. */
const part = named < 0 ? [] : given.slice(named);
if (part.length && chosen.length !== 1) {
  console.error(`'${part.join(' ')}': name one suite before what is to run of it: ${SUITES.join(', ')}.`);
  process.exit(2);
}
const script = fileURLToPath(import.meta.url);
await (chosen.join() === 'unit' ? prepareTools(script) : prepare(script, 'test'));

/** Runs a test program, shows its output, and reads its own closing counts. */
async function suite(command, args, counts, env = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  });
  let tail = '';
  child.stdout.on('data', data => {
    process.stdout.write(data);
    tail = (tail + data).slice(-20000);
  });
  const status = await new Promise(done => child.on('close', done));
  const sum = pattern => [...tail.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  const [passed, failed] = counts.map(sum);
  // A runner that broke down without counting a failure has failed all the same.
  return { passed, failed: status !== 0 && failed === 0 ? 1 : failed };
}

/**
 * The test files of a folder at any depth, or those of them whose names have a word of `part`; the largest first, which
 * take the longest: what runs beside others to the end is short.
 */
function filesOf(folder) {
  const size = name => statSync(join(ROOT, folder, name)).size;
  const files = readdirSync(join(ROOT, folder), { recursive: true })
    .filter(name => name.endsWith('.test.ts') && (!part.length || part.some(word => name.includes(word))))
    .sort((a, b) => size(b) - size(a));
  if (!files.length) {
    console.error(`No test file in ${folder} has ${part.join(' or ')} in its name.`);
    process.exit(2);
  }
  return files.map(name => join(folder, name));
}
const NODE_COUNTS = [/^passed=(\d+) failed=\d+$/gm, /^passed=\d+ failed=(\d+)$/gm];
const PYTEST_COUNTS = [/(\d+) passed/g, /(\d+) (?:failed|errors?)\b/g];
const nodeTests = (folder, env, ...words) =>
  suite(process.execPath, ['src/build/node-tests.mjs', '2', ...words, ...filesOf(folder)], NODE_COUNTS, env);

// Most of a Python test is one program after another: three at a time, on two processors, take little more than half of
// the time.
const sideBySide = part.length ? [] : ['-n', '3', '--dist', 'loadfile'];

// They start Node thousands of times on the same code.
const compiled = { NODE_COMPILE_CACHE: join(ROOT, '.venv/compile-cache') };

const suites = {
  unit: () => nodeTests('test/unit', compiled),
  python: () => suite(PYTHON, ['-m', 'pytest', '-q', ...sideBySide, 'test/python', ...part], PYTEST_COUNTS, compiled),
  // Much of a browser test is waiting; each file has a server and a browser of its own.
  browser: async () => nodeTests('test/browser', { MICROCT_CHROMIUM: await findChromium() }, '--again')
};

let passed = 0;
let failed = 0;
for (const name of chosen.length ? chosen : SUITES) {
  console.log(`\n== ${name} tests`);
  const counted = await suites[name]();
  passed += counted.passed;
  failed += counted.failed;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
