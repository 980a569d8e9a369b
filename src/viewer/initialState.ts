import type { PartialJSONObject } from '@lumino/coreutils';
import type { Image } from './image.ts';
import { metres } from './units.ts';

/** Neuroglancer's state as JSON. */
export type ViewerState = PartialJSONObject;

/** A volume as Neuroglancer is to show it. */
export interface Volume {
  name: string;
  /** Neuroglancer's address of it, without the format. */
  url: string;
  image: Image;
}

/** Of each type the values that an integer can have; a float's window is a guess that the person can drag. */
const LIMITS: Record<string, [number, number]> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 2 ** 32 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1]
};

/** The 3-D panel looks at a corner, so that all three slices are seen: a quaternion (x, y, z, w). */
const TILTED = [-0.3, 0.4, 0.13, 0.856];

const SHADER = '#uicontrol invlerp normalized\nvoid main() {\n  emitGrayscale(normalized());\n}\n';

function layer({ name, url, image }: Volume) {
  const [low, high] = LIMITS[image.dtype] ?? [0, 1];
  const { start, end, min, max } = image.window ?? { start: low, end: high, min: low, max: high };
  // A control without extent cannot be drawn.
  const range = end > start ? [start, end] : [start, start + 1];
  const window = max > min ? [Math.min(min, range[0]), Math.max(max, range[1])] : range;
  return {
    type: 'image',
    name,
    source: `${url}|${image.format}:`,
    tab: 'rendering',
    shader: SHADER,
    shaderControls: { normalized: { range, window } }
  };
}

/**
 * The first look at some volumes that share a space: x to the right, y down, z away, all of the first one visible, its centre in the
 * middle, and grey values from its metadata's window. `pixels` is the size of one of four panels.
 */
export function initialState(volumes: Volume[], layout: string, pixels: number): ViewerState {
  const { axes } = volumes[0].image;
  const ordered = ['x', 'y', 'z'].map(name => axes.find(axis => axis.name === name)).filter(axis => axis !== undefined);
  const inMetres = ordered.map(axis => ({ ...axis, factor: metres(axis.unit) }));
  const dimensions = Object.fromEntries(
    inMetres.map(({ name, scale, factor }) => [name, factor === null ? [scale, ''] : [scale * factor, 'm']])
  );
  // Neuroglancer's coordinates are in voxels, and a voxel's centre lies at its index.
  const position = ordered.map(({ length, scale, translation }) => (length - 1) / 2 + translation / scale);
  const finest = Math.min(...inMetres.map(({ scale, factor }) => scale * (factor ?? 1)));
  const lengths = inMetres.map(({ length, scale, factor }) => (length * scale * (factor ?? 1)) / finest);
  const longest = Math.max(...lengths);
  return {
    dimensions,
    position,
    crossSectionScale: (longest / pixels) * 1.1,
    projectionScale: longest * 1.6,
    projectionOrientation: TILTED,
    hideCrossSectionBackground3D: true,
    layers: volumes.map(layer),
    selectedLayer: { visible: false, layer: volumes[0].name },
    layout,
    showAxisLines: true,
    showSlices: true
  };
}
