// A loader for Neuroglancer's style sheets. Some of their class names are words that others use too: in JupyterLab, an
// output with the class `overlay` would go black over the whole page. They are bound to where Neuroglancer uses them.
const PLACES = {
  overlay: 'body > .overlay:has(> .overlay-content)',
  'overlay-content': 'body > .overlay > .overlay-content',
  'close-button': '.overlay-content .close-button',
  'maximize-button': '.mct-Viewer-neuroglancer .maximize-button',
  'range-slider': '.mct-Viewer-neuroglancer .range-slider',
  'vec3-input-row': '.mct-Viewer-neuroglancer .vec3-input-row',
  'vec3-input-label': '.mct-Viewer-neuroglancer .vec3-input-label'
};
const WORDS = new RegExp(`(^|[},])(\\s*)\\.(${Object.keys(PLACES).join('|')})(?![\\w-])`, 'gm');

module.exports = source => source.replace(WORDS, (_, before, space, name) => `${before}${space}${PLACES[name]}`);
