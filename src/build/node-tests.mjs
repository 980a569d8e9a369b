// `node node-tests.mjs AT_ONCE FILE...`: runs test files in the order given, so many at a time. (`node --test` sorts
// them by name: where the longest comes last, one processor has nothing to do.)
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const [atOnce, ...files] = process.argv.slice(2);
run({ files, concurrency: Number(atOnce) })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(spec)
  .pipe(process.stdout);
