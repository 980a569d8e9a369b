// No file of src imports, by way of others, itself; types count.
module.exports = {
  forbidden: [{ name: 'no-circles', severity: 'error', from: {}, to: { circular: true } }],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'src/simd/(assembly|build)|^src/build' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] }
  }
};
