// `node node-tests.mjs AT_ONCE [--again] FILE...`: runs test files in the order given, so many at a time. (`node
// --test` sorts them by name: where the longest comes last, one processor has nothing to do.) `--again`: files in which
// a test has failed are run once more, each alone, and what passes then is named; for tests that share a loaded machine
// with a browser. The last line: `passed=N failed=N`.
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Milliseconds after which a test, or what is before and after all, has failed: it waits for what does not come. */
const LIMIT = 300_000;

const [atOnce, ...words] = process.argv.slice(2);
const again = words[0] === '--again';
const files = again ? words.slice(1) : words;

/** Runs files and shows how; answers with the outcome of each of their tests, `file: name`. */
async function outcomes(files, concurrency) {
  const passed = new Map();
  const note = outcome => data => data.nesting === 0 && passed.set(`${data.file}: ${data.name}`, outcome);
  // What a failed test has left (a server, a browser) does not keep its file from ending.
  const tests = run({ files, concurrency, timeout: LIMIT, execArgv: ['--test-force-exit'] })
    .on('test:pass', note(true))
    .on('test:fail', note(false));
  for await (const text of tests.compose(spec)) process.stdout.write(text);
  return passed;
}
const failedOf = tests => [...tests].flatMap(([test, passed]) => (passed ? [] : [test]));

const tests = await outcomes(files, Number(atOnce));
const failed = failedOf(tests);
if (again && failed.length) {
  const once = files.filter(file => failed.some(test => test.includes(file)));
  console.log(`\nOnce more, alone: ${once.join(', ')}`);
  for (const test of tests.keys()) if (once.some(file => test.includes(file))) tests.delete(test);
  for (const [test, passed] of await outcomes(once, 1)) tests.set(test, passed);
  for (const test of failed.filter(test => tests.get(test) !== false))
    console.log(`Failed beside others, passed alone: ${test}`);
}
const left = failedOf(tests).length;
console.log(`passed=${tests.size - left} failed=${left}`);
process.exit(left ? 1 : 0);
