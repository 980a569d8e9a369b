// Bundles the page of `microct-io-vis view` into microct_io_vis/helper/viewer.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { rspack } from '@rspack/core';
import { ROOT } from './environment.mjs';
import { writeNotices } from './notices.mjs';

const require = createRequire(import.meta.url);
const OUT = join(ROOT, 'microct_io_vis/helper/viewer');

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
copyFileSync(join(ROOT, 'src/viewer/page/index.html'), join(OUT, 'index.html'));
copyFileSync(join(ROOT, 'src/viewer/page/page.css'), join(ROOT, 'lib/viewer/page/page.css'));

const compiler = rspack({
  mode: 'production',
  context: ROOT,
  entry: { main: './lib/viewer/page/main.js' },
  output: {
    path: OUT,
    filename: '[name].js',
    chunkFilename: '[name].js',
    cssFilename: '[name].css',
    publicPath: 'auto',
    module: true
  },
  resolve: require('./neuroglancer.cjs'),
  module: {
    rules: [
      { test: /\.css$/, type: 'css' },
      { resourceQuery: /raw/, type: 'asset/source' },
      {
        test: /[\\/]neuroglancer[\\/]lib[\\/]ui[\\/]annotations\.js$/,
        loader: join(import.meta.dirname, 'round-coordinates.cjs')
      }
    ]
  },
  performance: false
});

/** Shows what went wrong, and whether something did. */
function failed(stats) {
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  for (const { message } of [...errors, ...warnings]) console.error(message);
  return errors.length > 0;
}

if (process.argv.includes('--watch')) {
  compiler.watch({}, (error, stats) => (error ? console.error(error) : failed(stats)));
  await new Promise(() => {});
}
const stats = await new Promise((done, fail) => compiler.run((error, result) => (error ? fail(error) : done(result))));
if (failed(stats)) process.exit(1);
const shipped = [...stats.compilation.modules].map(module => module.identifier());
writeNotices(join(OUT, 'LICENSES.txt'), shipped);
