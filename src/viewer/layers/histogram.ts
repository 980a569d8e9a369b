import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { WatchableVisibilityPriority } from 'neuroglancer/unstable/visibility_priority/frontend.js';
import { InvlerpWidget } from 'neuroglancer/unstable/widget/invlerp.js';
import type { ContrastControl } from './imageLayer.ts';

/** Neuroglancer's histogram of a layer with the handles of its contrast; it draws within its own element only. */
export const histogramOf = ({ display }: Viewer, contrast: ContrastControl): InvlerpWidget =>
  new InvlerpWidget(
    new WatchableVisibilityPriority(WatchableVisibilityPriority.VISIBLE) as never,
    display,
    contrast.dataType,
    contrast.trackable as never,
    contrast.histograms,
    contrast.index,
    contrast.legend as never
  );
