export type { ViewerHandle, ViewerOptions } from './createViewer.ts';
export { createViewer } from './createViewer.ts';
export type { ViewerState } from './viewState.ts';
export type { ByteReader, ByteRangeResponse as Found, ViewerSource, ByteRangeRequest as Wanted } from './source.ts';
