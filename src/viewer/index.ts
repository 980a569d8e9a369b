export type { ViewerHandle, ViewerOptions } from './createViewer.ts';
export { createViewer } from './createViewer.ts';
export type { ViewerState } from './viewState.ts';
export type { ByteReader, Found, ViewerSource, Wanted } from './source.ts';
