// An esbuild plugin for bundles of ECMAScript modules: Node's own modules come by require(). An import of one reads all
// that it exports, also what is made only when it is asked for: that of `node:http` loads all of fetch, a fifth of the
// time of a short command.
export const builtinsByRequire = {
  name: 'builtins-by-require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true }
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require('${path}')`,
      loader: 'js'
    }));
  }
};
