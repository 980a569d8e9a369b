import type { UserLayer } from 'neuroglancer/unstable/layer/index.js';
import type { InlineSegmentProperty } from 'neuroglancer/unstable/segmentation_display_state/property_map.js';
import {
  SegmentPropertyMap,
  getPreprocessedSegmentPropertyMap,
  normalizeInlineSegmentPropertyMap
} from 'neuroglancer/unstable/segmentation_display_state/property_map.js';
import type { TrackableValue } from 'neuroglancer/unstable/trackable_value.js';
import { DataType } from 'neuroglancer/unstable/util/data_type.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { StoredSegment } from '../../model/ome-zarr/segments.ts';
import type { SegmentCounts } from '../volume/countSegments.ts';

/** Segments of a volume: those that its metadata describes, and their counts. */
export interface Segments {
  name: string;
  said: StoredSegment[];
  /** Counts its voxels, once for all who ask. */
  count: () => Promise<SegmentCounts>;
}

/** Members of Neuroglancer's layer of segments that are used here; it comes without declarations. */
interface SegmentationUserLayer extends UserLayer {
  displayState: {
    originalSegmentationGroupState: {
      segmentPropertyMap: Pick<TrackableValue<unknown>, 'value' | 'changed'>;
      segmentQuery: TrackableValue<string>;
    };
  };
}

/** Query of Neuroglancer's list for segments whose voxels are counted: the largest first. */
const LARGEST_FIRST = '>voxels |voxels';

/** Fills Neuroglancer's lists of segments with a volume's metadata about them, and with their counts of voxels. */
export class SegmentLayers {
  readonly #viewer: Viewer;
  readonly #segmentsOf: (address: string) => Segments | null;
  readonly #tell: (text: string) => void;
  #isDisposed = false;
  readonly #held = new WeakMap<UserLayer, { counts: SegmentCounts | null; isCounting: boolean }>();

  /** `segmentsOf`: of the volume at an address of Neuroglancer's; null where it is none that is open here. */
  constructor(viewer: Viewer, segmentsOf: (address: string) => Segments | null, tell: (text: string) => void) {
    this.#viewer = viewer;
    this.#segmentsOf = segmentsOf;
    this.#tell = tell;
  }

  get #layers(): SegmentationUserLayer[] {
    return this.#viewer.layerManager.managedLayers.flatMap(({ layer }) =>
      layer?.type === 'segmentation' ? [layer as SegmentationUserLayer] : []
    );
  }

  get areThere(): boolean {
    return this.#layers.length > 0;
  }

  /** The layer whose list is seen; null where none is. */
  get #listed(): SegmentationUserLayer | null {
    const { selectedLayer } = this.#viewer;
    const layer = this.#layers.find(each => each.managedLayer === selectedLayer.layer);
    return selectedLayer.visible && layer?.panels.panels[0].selectedTab.value === 'segments' ? layer : null;
  }

  get isListed(): boolean {
    return this.#listed !== null;
  }

  /** Shows the list of the segments of the layer that was chosen last, or of the first one in sight; or hides it. */
  list(isShown: boolean): void {
    const { selectedLayer } = this.#viewer;
    if (!isShown) {
      if (this.#listed) selectedLayer.visible = false;
      return;
    }
    const layers = this.#layers;
    const layer =
      layers.find(({ managedLayer }) => managedLayer === selectedLayer.layer) ??
      layers.find(({ managedLayer }) => managedLayer.visible) ??
      layers.at(0);
    if (!layer) return;
    layer.managedLayer.setVisible(true);
    layer.panels.panels[0].selectedTab.value = 'segments';
    selectedLayer.layer = layer.managedLayer;
    selectedLayer.visible = true;
    this.update();
  }

  /** Serves layers that are new, and counts for a list that has come into sight. */
  update(): void {
    for (const layer of this.#layers) {
      if (this.#held.has(layer)) continue;
      this.#held.set(layer, { counts: null, isCounting: false });
      // Neuroglancer forgets them whenever a source of the layer is loaded.
      layer.displayState.originalSegmentationGroupState.segmentPropertyMap.changed.add(() => this.#describe(layer));
      layer.dataSourcesChanged.add(() => this.#describe(layer));
      this.#describe(layer);
    }
    const listed = this.#listed;
    if (listed) void this.#count(listed);
  }

  /** Whether a layer is there still; Neuroglancer keeps one that was chosen, after its own end, too. */
  #isShown(layer: SegmentationUserLayer): boolean {
    return !this.#isDisposed && this.#layers.includes(layer);
  }

  #of(layer: UserLayer): Segments | null {
    return layer.dataSources.map(({ spec }) => this.#segmentsOf(spec.url)).find(each => each !== null) ?? null;
  }

  async #count(layer: SegmentationUserLayer): Promise<void> {
    const held = this.#held.get(layer);
    const segments = this.#of(layer);
    if (!held || !segments || held.counts || held.isCounting) return;
    held.isCounting = true;
    try {
      held.counts = await segments.count();
    } catch (error) {
      // The count of volumes that are shown no more ends so, too.
      if (!this.#isShown(layer)) return;
      this.#tell(`${segments.name}: its segments’ voxels could not be counted: ${(error as Error).message}`);
      return;
    }
    if (!this.#isShown(layer)) return;
    const { level, factor } = held.counts;
    if (level > 0) {
      this.#tell(
        `${segments.name}: segments were counted at level ${level}, each voxel of which stands for ${Math.round(factor)}: counts are about right, and small segments may be missing in the list.`
      );
    }
    const { segmentPropertyMap, segmentQuery } = layer.displayState.originalSegmentationGroupState;
    segmentPropertyMap.value = undefined;
    this.#describe(layer);
    if (segmentQuery.value === '') segmentQuery.value = LARGEST_FIRST;
  }

  dispose(): void {
    this.#isDisposed = true;
  }

  #describe(layer: SegmentationUserLayer): void {
    const { segmentPropertyMap } = layer.displayState.originalSegmentationGroupState;
    const segments = this.#of(layer);
    if (segmentPropertyMap.value !== undefined || segments === null) return;
    const counts = this.#held.get(layer)?.counts ?? null;
    if (!counts && segments.said.length === 0) return;
    const inlineProperties = propertiesOf(segments.said, counts);
    segmentPropertyMap.value = getPreprocessedSegmentPropertyMap(this.#viewer.chunkManager, [
      new SegmentPropertyMap({ inlineProperties })
    ]);
  }
}

/** Properties of segments as Neuroglancer takes them. */
function propertiesOf(
  said: StoredSegment[],
  counts: SegmentCounts | null
): ReturnType<typeof normalizeInlineSegmentPropertyMap> {
  const byId = new Map(said.map(each => [BigInt(each.value), each]));
  const ids = [...new Set([...(counts?.counts.keys() ?? []), ...byId.keys()])].filter(id => id > 0n);
  const properties: InlineSegmentProperty[] = [];
  const add = (id: string, description: string, values: (number | undefined)[]): void => {
    const known = values.filter(value => value !== undefined);
    const [least, most] = known.reduce(
      ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
      [Infinity, -Infinity]
    );
    const isWhole = values.every(
      value => value !== undefined && Number.isInteger(value) && value >= 0 && value < 2 ** 32
    );
    properties.push({
      id,
      type: 'number',
      dataType: isWhole ? DataType.UINT32 : DataType.FLOAT32,
      description,
      values: isWhole ? Uint32Array.from(known) : Float32Array.from(values, value => value ?? NaN),
      // Its histogram cannot be drawn of a range without extent.
      bounds: [least, most > least ? most : least + 1]
    });
  };
  const texts = (id: string): string =>
    Object.entries(byId.get(BigInt(id))?.texts ?? {})
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ');
  if (said.some(({ name }) => name !== null)) {
    properties.push({ id: 'label', type: 'label', values: ids.map(id => byId.get(id)?.name ?? '') });
  }
  if (said.some(each => Object.keys(each.texts).length > 0)) {
    properties.push({ id: 'description', type: 'description', values: ids.map(id => texts(String(id))) });
  }
  if (counts && ids.length > 0) {
    const { level, factor } = counts;
    // A segment may be too small for a coarse level; one that level 0 lacks is not there.
    const missing = level === 0 ? 0 : undefined;
    add(
      'voxels',
      level === 0
        ? 'Voxels of the segment'
        : `Voxels of the segment, about: counted at level ${level}, whose voxels stand for ${Math.round(factor)} each`,
      ids.map(id => counts.counts.get(id) ?? missing)
    );
  }
  for (const key of new Set(said.flatMap(({ numbers }) => Object.keys(numbers)))) {
    // Queries use these names.
    const id = key.replaceAll(/[^\w.]+/g, '_').replace(/^(?=\d)/, '_');
    if (properties.some(each => each.id === id)) continue;
    add(
      id,
      key,
      ids.map(value => byId.get(value)?.numbers[key])
    );
  }
  return normalizeInlineSegmentPropertyMap({ ids: BigUint64Array.from(ids), properties });
}
