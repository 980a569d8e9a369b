// `npm run lint`: types, import directions, formatting of TypeScript and of Python.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, ROOT, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'test');
const tool = (path, ...args) => [process.execPath, [join(ROOT, 'node_modules', path), ...args]];
const formatted = ['src', 'test', 'style', 'schema', 'package.json', 'tsconfig.json'];
/** The longest first; circles of imports are looked for by `circles.cjs` in TypeScript, by import-linter in Python. */
const checks = [
  tool('eslint/bin/eslint.js', '--config', 'src/build/eslint.config.mjs', 'src', 'test'),
  tool('typedoc/bin/typedoc', '--options', 'src/build/typedoc.json', '--emit', 'none', '--logLevel', 'Warn'),
  [PYTHON, ['-m', 'mypy']],
  tool('typescript/bin/tsc', '--noEmit', '-p', 'test'),
  tool('typescript/bin/tsc', '--noEmit', '-p', '.'),
  tool('typescript/bin/tsc', '-p', 'test/consumer'),
  tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', ...formatted),
  tool('dependency-cruiser/bin/dependency-cruiser.mjs', '--config', 'src/build/circles.cjs', 'src'),
  tool('dependency-cruiser/bin/dependency-cruiser.mjs', '--config', 'src/build/start-up.cjs', 'src/lab'),
  [PYTHON, ['-c', 'from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))']],
  [process.execPath, [join(ROOT, 'src/build/options.mjs'), '--check']],
  [PYTHON, ['-m', 'ruff', 'check', '.']],
  [PYTHON, ['-m', 'ruff', 'format', '--check', '.']]
];
const env = { ...process.env, MICROCT_PREPARED: 'tools' };
// Two at a time: most have one thread.
const lane = async () => {
  for (let check = checks.shift(); check; check = checks.shift()) await run(...check, { env });
};
await Promise.all([lane(), lane()]);
