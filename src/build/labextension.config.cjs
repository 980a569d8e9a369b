// Merged by JupyterLab's builder into its own configuration.
const path = require('node:path');
const neuroglancer = require('./neuroglancer.cjs');

module.exports = {
  resolve: neuroglancer,
  module: {
    rules: [
      {
        test: /[\\/]neuroglancer[\\/]lib[\\/].*\.css$/,
        enforce: 'pre',
        loader: path.join(__dirname, 'scope-css.cjs')
      }
    ]
  }
};
