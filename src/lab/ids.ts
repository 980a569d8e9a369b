/** Commands of this extension: what other extensions, shortcuts and tests may call does not change its name. */
export const CommandIDs = {
  convert: 'microct-io-vis:convert',
  openViewer: 'microct-io-vis:open-viewer',
  openUrl: 'microct-io-vis:open-url',
  openSegmentation: 'microct-io-vis:open-segmentation',
  addToViewer: 'microct-io-vis:add-to-viewer',
  addSegmentation: 'microct-io-vis:add-segmentation',
  linkViewers: 'microct-io-vis:link-viewers',
  autoContrast: 'microct-io-vis:auto-contrast',
  invertContrast: 'microct-io-vis:invert-contrast',
  renderVolume: 'microct-io-vis:render-volume',
  look: 'microct-io-vis:look',
  copyLink: 'microct-io-vis:copy-link',
  openLink: 'microct-io-vis:open-link',
  reopenTiff: 'microct-io-vis:reopen-tiff',
  reopenArchive: 'microct-io-vis:reopen-archive',
  editState: 'microct-io-vis:edit-state',
  measure: 'microct-io-vis:measure',
  align: 'microct-io-vis:align',
  screenshot: 'microct-io-vis:screenshot',
  verify: 'microct-io-vis:verify',
  info: 'microct-io-vis:info',
  resume: 'microct-io-vis:resume',
  cancel: 'microct-io-vis:cancel',
  move: 'microct-io-vis:move',
  dismiss: 'microct-io-vis:dismiss',
  showConversions: 'microct-io-vis:show-conversions',
  showInBrowser: 'microct-io-vis:show-in-file-browser'
} as const;

export const PLUGIN = 'microct-io-vis:plugin';
export const TIFF_TYPE = 'microct-io-vis-tiff';
export const OME_ZARR_TYPE = 'microct-io-vis-ome-zarr';
export const OZX_TYPE = 'microct-io-vis-ome-zarr-file';
export const UNFINISHED_TYPE = 'microct-io-vis-unfinished';
export const TIFF_FACTORY = 'TIFF Volume';
export const ARCHIVE_FACTORY = 'OME-Zarr in One File';
