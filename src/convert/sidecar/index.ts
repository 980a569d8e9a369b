export { type Sidecar, findSidecar } from './find.ts';
