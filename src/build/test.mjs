// `npm test`: installs and builds what is missing, then runs the unit tests, the Python tests and the browser tests against a live JupyterLab.
// `npm test -- unit python browser` runs some of them.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';
import { PYTHON, ROOT, prepare } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'test');

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

const files = folder =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder))
        .filter(name => name.endsWith('.test.ts'))
        .sort()
        .map(name => join(folder, name))
    : [];
const NODE_COUNTS = [/^ℹ pass (\d+)$/gm, /^ℹ (?:fail|cancelled) (\d+)$/gm];
const PYTEST_COUNTS = [/(\d+) passed/g, /(\d+) (?:failed|errors?)\b/g];
const nodeTests = (folder, env) =>
  suite(
    process.execPath,
    ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files(folder)],
    NODE_COUNTS,
    env
  );

const suites = {
  unit: () => nodeTests('test/unit'),
  python: () => suite(PYTHON, ['-m', 'pytest', '-q', 'test/python'], PYTEST_COUNTS),
  browser: async () => nodeTests('test/browser', { MICROCT_CHROMIUM: await findChromium() })
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter(name => !(name in suites));
if (unknown.length) {
  console.error(`No test suite is called ${unknown.join(', ')}: choose from ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}
let passed = 0;
let failed = 0;
for (const name of chosen.length ? chosen : Object.keys(suites)) {
  console.log(`\n== ${name} tests`);
  const counted = await suites[name]();
  passed += counted.passed;
  failed += counted.failed;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
