// Merged by JupyterLab's builder into its own configuration.
const fs = require('node:fs');
const path = require('node:path');
const { SwcJsMinimizerRspackPlugin: Minimizer } = require('@rspack/core');
const neuroglancer = require('./neuroglancer.cjs');

/** Notes which files went into the extension, for the notices: the builder's own list of packages has gaps. */
const noteModules = {
  apply: compiler =>
    compiler.hooks.done.tap('noteModules', ({ compilation }) => {
      const modules = [...compilation.modules].map(module => module.identifier());
      fs.writeFileSync(path.resolve(__dirname, '../../lib/labextension.json'), JSON.stringify(modules));
    })
};

module.exports = {
  resolve: neuroglancer,
  plugins: [noteModules],
  // The same in whatever folder it is built: ids that are made of paths, and names that are chosen by how often letters
  // occur in hashes of paths, are not.
  optimization: {
    moduleIds: 'natural',
    minimizer: [
      new Minimizer({ exclude: /remoteEntry/ }),
      new Minimizer({ include: /remoteEntry/, minimizerOptions: { mangle: false } })
    ]
  },
  module: {
    rules: [
      {
        test: /[\\/]neuroglancer[\\/]lib[\\/].*\.css$/,
        enforce: 'pre',
        loader: path.join(__dirname, 'scope-css.cjs')
      },
      {
        test: /[\\/]neuroglancer[\\/]lib[\\/]ui[\\/]annotations\.js$/,
        loader: path.join(__dirname, 'round-coordinates.cjs')
      }
    ]
  }
};
