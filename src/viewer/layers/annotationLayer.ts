import type { Json } from '../../model/json.ts';
import type { UserLayer } from 'neuroglancer/unstable/layer/index.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';

/** Members of Neuroglancer's layer of annotations that are used here; it comes without declarations. */
export type AnnotationUserLayer = UserLayer & {
  selectAnnotation(...selection: unknown[]): void;
  localAnnotations?: { toJSON(): Json[] | undefined; restoreState(json: Json[]): void };
};

export const annotationLayersOf = ({ layerManager }: Viewer): AnnotationUserLayer[] =>
  layerManager.managedLayers.flatMap(({ layer }) =>
    layer?.type === 'annotation' ? [layer as AnnotationUserLayer] : []
  );

const held = new WeakSet<UserLayer>();

/**
 * Keeps Neuroglancer from opening its panel of the selection during drawing: the picture would move away under the
 * mouse, between a first point and a second.
 */
export function holdStill(viewer: Viewer): void {
  for (const layer of annotationLayersOf(viewer)) {
    if (held.has(layer)) continue;
    held.add(layer);
    const select = layer.selectAnnotation.bind(layer);
    layer.selectAnnotation = (...selection) => {
      if (layer.tool.value === undefined) select(...selection);
    };
  }
}
