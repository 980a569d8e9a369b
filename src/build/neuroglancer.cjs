// Settings by which a bundler puts Neuroglancer into a page: which of its parts, which icons, and what takes the place
// of what.
const path = require('node:path');

/**
 * Neuroglancer's icons come from a package that is not in the registry; another set of icons stands in for it, under
 * other names.
 */
const ICONS = {
  bin: 'trash',
  close: 'x',
  'code-alt': 'code',
  'controls-alt': 'sliders-vertical',
  cursor: 'mouse-pointer',
  'eye-crossed': 'eye-off',
  filter: 'funnel',
  help: 'circle-question-mark',
  maximise: 'maximize',
  rotate: 'rotate-cw',
  tool: 'wrench'
};
const icons = Object.fromEntries(
  Object.entries(ICONS).map(([name, other]) => [`ikonate/icons/${name}.svg$`, `ikonate/icons/${other}.svg`])
);

const lib = path.resolve(__dirname, '../../lib/viewer');

module.exports = {
  alias: {
    ...icons,
    '#src/util/automatic_focus.js$': path.join(lib, 'patches/noAutofocus.js'),
    '#src/async_computation/decode_blosc.js$': path.join(lib, 'worker/decodeBlosc.js')
  },
  // Zarr alone, and of the ways to get at it only those that src/viewer registers.
  conditionNames: [
    'neuroglancer/datasource:none_by_default',
    'neuroglancer/datasource/zarr:enabled',
    'neuroglancer/kvstore:none_by_default',
    'neuroglancer/layer:none_by_default',
    'neuroglancer/layer/annotation:enabled',
    'neuroglancer/layer/image:enabled',
    'neuroglancer/layer/segmentation:enabled',
    '...'
  ]
};
