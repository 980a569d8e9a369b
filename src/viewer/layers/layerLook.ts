import type { ManagedUserLayer } from 'neuroglancer/unstable/layer/index.js';
import type { TrackableValue } from 'neuroglancer/unstable/trackable_value.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { ColourMap } from '../state/colourMaps.ts';
import { shaderOf } from '../state/colourMaps.ts';
import { sourceOf } from '../state/layers.ts';
import { LIMITS } from '../volume/limits.ts';
import type { Volume } from '../volume/volume.ts';
import { ImageLayer } from './imageLayer.ts';

/** How a volume looks, as programs read and set it; what is left out stays as it is. */
export interface LayerLook {
  visible?: boolean;
  /** In slices, 0 to 1. */
  opacity?: number;
  blend?: 'over' | 'add';
  /** Null for a shader that is none of the maps. */
  colour_map?: ColourMap | null;
  /** As #rrggbb; null where there is no single colour. */
  colour?: string | null;
  /** The values shown black and white; null where they are those that the type has. */
  contrast?: [number, number] | null;
  shader?: string | null;
}

/** Members of Neuroglancer's layer of segments that are used here and its declarations lack. */
interface SegmentationLayer {
  displayState: { selectedAlpha: TrackableValue<number> };
}

/** The layers that show a volume: one, or one for each of its channels. */
export function layersThatShow(viewer: Viewer, volume: Volume): ManagedUserLayer[] {
  const source = sourceOf(volume);
  const url = typeof source === 'string' ? source : source.url;
  return viewer.layerManager.managedLayers.filter(({ layer }) =>
    layer?.dataSources.some(({ spec }) => spec.url === url)
  );
}

/** How a volume looks now, of several layers the first one; null where none shows it. */
export function lookOf(viewer: Viewer, volume: Volume): LayerLook | null {
  const [managed] = layersThatShow(viewer, volume);
  if (!managed?.layer) return null;
  const { visible, layer } = managed;
  if (layer.type === 'segmentation') {
    return { visible, opacity: (layer as unknown as SegmentationLayer).displayState.selectedAlpha.value };
  }
  const image = new ImageLayer(viewer, layer);
  const range = image.contrast?.trackable.value.range ?? null;
  return {
    visible,
    opacity: image.opacity,
    blend: image.isAdded ? 'add' : 'over',
    colour_map: image.colourMap,
    colour: image.colour,
    contrast: range && [Number(range[0]), Number(range[1])],
    shader: image.look.shader
  };
}

/** Gives all layers of a volume a look. */
export function setLook(viewer: Viewer, volume: Volume, look: LayerLook): void {
  for (const managed of layersThatShow(viewer, volume)) {
    if (look.visible !== undefined) managed.setVisible(look.visible);
    const { layer } = managed;
    if (layer?.type === 'segmentation') {
      if (look.opacity !== undefined) {
        (layer as unknown as SegmentationLayer).displayState.selectedAlpha.value = look.opacity;
      }
    } else if (layer?.type === 'image') {
      setImageLook(new ImageLayer(viewer, layer), look, volume.image.dtype);
    }
  }
}

function setImageLook(image: ImageLayer, wanted: LayerLook, dtype: string): void {
  const { opacity, blend, colour_map, colour, contrast, shader } = wanted;
  if (opacity !== undefined) image.opacity = opacity;
  if (blend !== undefined) image.isAdded = blend === 'add';
  const { look } = image;
  // One colour is a map of its own.
  const map = colour_map ?? (colour != null && image.colour === null ? 'colour' : null);
  const next = shader ?? (map ? shaderOf(map, dtype) : look.shader);
  const controls = {
    ...look.controls,
    ...(colour != null && { color: colour }),
    ...(contrast && { normalized: contrastControl(contrast, look.controls.normalized, dtype) })
  };
  if (next !== look.shader || controls !== look.controls) image.look = { shader: next, controls };
}

/** The control of contrast with a range, and room around it to drag: values that the type has. */
function contrastControl(range: [number, number], present: unknown, dtype: string): Record<string, unknown> {
  const { window = [] } = (present ?? {}) as { window?: unknown[] };
  const [least, most] = LIMITS[dtype] ?? (dtype === 'uint64' ? [0, 2 ** 64 - 2048] : [-Infinity, Infinity]);
  const isFloat = dtype.startsWith('float');
  const own = (value: number): number => Math.min(most, Math.max(least, isFloat ? value : Math.round(value)));
  const ends = [...range, ...window.map(Number)].map(own);
  return { range: range.map(own), window: [Math.min(...ends), Math.max(...ends)] };
}
