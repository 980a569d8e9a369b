// What JupyterLab loads when it starts, by static imports, has neither Neuroglancer nor ml-matrix; types do not count.
module.exports = {
  forbidden: [
    {
      name: 'light-at-start',
      severity: 'error',
      from: { path: '^src/lab/index[.]ts$' },
      to: { reachable: true, path: 'node_modules/(neuroglancer|ml-matrix)/|^src/viewer/neuroglancer' }
    }
  ],
  options: {
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { dynamic: true },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] }
  }
};
