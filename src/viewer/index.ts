export type { GivenAlignment } from './measuring/alignments.ts';
export type { Choice } from './choosing/chooser.ts';
export type { ChooserHandle } from './createChooser.ts';
export { createChooser } from './createChooser.ts';
export { createViewer } from './createViewer.ts';
export type { LayerLook } from './layers/layerLook.ts';
export type { ViewerHandle, ViewerOptions } from './viewerHandle.ts';
export type { ViewerState } from './state/viewState.ts';
export type { ByteReader, ByteRangeRequest, ByteRangeResponse, ViewerSource } from './transport/source.ts';
