// `npm run lint`: types, import directions, formatting of TypeScript and of Python.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, ROOT, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'test');
const tool = (path, ...args) => run(process.execPath, [join(ROOT, 'node_modules', path), ...args]);
await tool('typescript/bin/tsc', '--noEmit', '-p', '.');
await tool('typescript/bin/tsc', '--noEmit', '-p', 'test');
await tool('typescript/bin/tsc', '-p', 'test/consumer');
await tool('typedoc/bin/typedoc', '--options', 'src/build/typedoc.json', '--emit', 'none', '--logLevel', 'Warn');
await tool('dependency-cruiser/bin/dependency-cruiser.mjs', '--config', 'src/build/circles.cjs', 'src');
await tool('eslint/bin/eslint.js', '--config', 'src/build/eslint.config.mjs', 'src', 'test');
await tool(
  'prettier/bin/prettier.cjs',
  '--check',
  '--log-level',
  'warn',
  'src',
  'test',
  'style',
  'schema',
  'package.json',
  'tsconfig.json'
);
await run(process.execPath, [join(ROOT, 'src/build/options.mjs'), '--check'], {
  env: { ...process.env, MICROCT_PREPARED: 'tools' }
});
await run(PYTHON, ['-m', 'ruff', 'check', '.']);
await run(PYTHON, ['-m', 'ruff', 'format', '--check', '.']);
await run(PYTHON, ['-m', 'mypy']);
