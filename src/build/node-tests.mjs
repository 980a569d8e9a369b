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

/** Runs files and shows how; answers with what became of each of their tests. */
async function outcomes(files, concurrency) {
  const tests = [];
  const note = passed => data => data.nesting === 0 && tests.push({ file: data.file, name: data.name, passed });
  // Leftovers of a failed test (a server, a browser) do not keep its file from ending.
  const running = run({ files, concurrency, timeout: LIMIT, execArgv: ['--test-force-exit'] })
    .on('test:pass', note(true))
    .on('test:fail', note(false));
  for await (const text of running.compose(spec)) process.stdout.write(text);
  return tests;
}

let tests = await outcomes(files, Number(atOnce));
const failed = tests.filter(({ passed }) => !passed);
if (again && failed.length) {
  const once = files.filter(file => failed.some(test => test.file.endsWith(file)));
  console.log(`\nOnce more, alone: ${once.join(', ')}`);
  const others = await outcomes(once, 1);
  for (const { file, name } of failed)
    if (!others.some(other => other.file === file && other.name === name && !other.passed))
      console.log(`Failed beside others, passed alone: ${file}: ${name}`);
  tests = [...tests.filter(({ file }) => !once.some(each => file.endsWith(each))), ...others];
}
const left = tests.filter(({ passed }) => !passed).length;
console.log(`passed=${tests.length - left} failed=${left}`);
process.exit(left ? 1 : 0);
