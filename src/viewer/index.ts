export type { GivenAlignment } from './alignments.ts';
export type { Choice } from './chooser.ts';
export type { ChooserHandle } from './createChooser.ts';
export { createChooser } from './createChooser.ts';
export { createViewer } from './createViewer.ts';
export type { LayerLook } from './layerLook.ts';
export type { ViewerHandle, ViewerOptions } from './viewerHandle.ts';
export type { ViewerState } from './viewState.ts';
export type { ByteReader, ByteRangeRequest, ByteRangeResponse, ViewerSource } from './source.ts';
