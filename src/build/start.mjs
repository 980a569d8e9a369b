// `npm start`: installs and builds what is missing, then opens JupyterLab on the quick start. Arguments go to `jupyter
// lab`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, ROOT, prepare, run } from './environment.mjs';

await prepare(fileURLToPath(import.meta.url), 'quickstart');
await run(PYTHON, [join(ROOT, 'src/build/sample.py')]);
console.error('Opening JupyterLab …');
const notebook = join(ROOT, 'examples/quickstart.ipynb');
const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
const lab = spawn(PYTHON, ['-m', 'jupyterlab', notebook, '--log-level=WARN', ...root, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit'
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => lab.kill(signal));
lab.on('exit', code => process.exit(code ?? 1));
