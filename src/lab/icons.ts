import { LabIcon } from '@jupyterlab/ui-components';

const svg = (body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">${body}</svg>`;

/** A stack of slices: a TIFF volume. */
export const stackIcon = new LabIcon({
  name: 'microct-io-vis:stack',
  svgstr: svg(
    '<g class="jp-icon3 jp-icon-selectable" fill="#616161"><path d="M12 2 2 7l10 5 10-5z"/>' +
      '<path d="M4.2 10.9 2 12l10 5 10-5-2.2-1.1L12 14.8z"/><path d="M4.2 15.9 2 17l10 5 10-5-2.2-1.1-7.8 3.9z"/></g>'
  )
});

/** A cube of chunks, and its half-size copy: an OME-Zarr pyramid. */
export const pyramidIcon = new LabIcon({
  name: 'microct-io-vis:pyramid',
  svgstr: svg(
    '<g class="jp-icon-brand0 jp-icon-selectable" fill="#1976d2"><path d="m9 2 7.5 3.7L9 9.4 1.5 5.7z"/>' +
      '<path d="M1 7.4 8.3 11v9L1 16.4z"/><path d="M17 7.4 9.7 11v9l1.5-.8v-4.9l5.8-2.9z"/></g>' +
      '<g class="jp-icon3 jp-icon-selectable" fill="#616161"><path d="m17.7 12.6 4.6 2.2-4.6 2.3-4.5-2.3z"/>' +
      '<path d="m12.9 16 4.3 2.1V23l-4.3-2.1z"/><path d="m22.6 16-4.4 2.1V23l4.4-2.1z"/></g>'
  )
});
