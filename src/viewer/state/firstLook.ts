import type { Axis, Image } from '../volume/image.ts';
import { LIMITS } from '../volume/limits.ts';
import { metres, seconds } from '../volume/units.ts';
import type { Volume } from '../volume/volume.ts';
import { xyzOf } from '../volume/xyz.ts';
import { COLOURED, GREY } from './colourMaps.ts';
import type { Layer } from './layers.ts';
import { layersOf, sourceOf } from './layers.ts';
import type { ViewerState } from './viewState.ts';

const MAX_UINT64 = 2n ** 64n - 1n;

/** A value as Neuroglancer takes it: a uint64 with all its digits, and none beyond the greatest. */
function asValue(dtype: string, value: number): number | string {
  if (dtype !== 'uint64') return value;
  const whole = BigInt(Math.max(0, Math.round(value)));
  return String(whole < MAX_UINT64 ? whole : MAX_UINT64);
}

/** The 3-D panel looks at a corner, so that all three slices are seen: a quaternion (x, y, z, w). */
const TILTED = [-0.3, 0.4, 0.13, 0.856];

/** Colours of channels whose metadata has none. */
const COLORS = ['FF0000', '00FF00', '0000FF', 'FFFFFF', '00FFFF', 'FF00FF', 'FFFF00'];
/** Where the middle of a volume is along an axis of its space, in voxels, at its first time point. */
function middleOf({ allAxes, axes, affine, levels }: Image, { name }: Axis): number {
  const [{ scale, translation }] = levels;
  const along = allAxes.map(axis => axes.find(each => each.name === axis.name)?.length ?? 1);
  const middle = along.map((length, n) => (length - 1) / 2 + translation[n] / scale[n]);
  const at = allAxes.findIndex(axis => axis.name === name);
  if (!affine) return middle[at];
  const row = affine[at];
  return row.reduce((sum, value, k) => sum + value * (k < middle.length ? middle[k] * scale[k] : 1), 0) / scale[at];
}

function stateOf({ name, volume, channel }: Layer) {
  const { image, hidden = false } = volume;
  const { color, active, window: said, inverted } = image.channels[channel ?? 0];
  const isHidden = hidden || (!active && channel !== null && image.channels.some(other => other.active));
  const [low, high] = LIMITS[image.dtype] ?? [0, 1];
  const { start, end, min, max } = said ?? { start: low, end: high, min: low, max: high };
  // A control without extent cannot be drawn.
  const ends = end === start ? [start, start + 1] : [start, end];
  const limits = [Math.min(...ends), Math.max(...ends)];
  if (max > min) [limits[0], limits[1]] = [Math.min(min, limits[0]), Math.max(max, limits[1])];
  const [range, window] = [inverted ? ends.toReversed() : ends, limits].map(values =>
    values.map(value => asValue(image.dtype, value))
  );
  const shown = {
    type: 'image',
    name,
    source: sourceOf(volume),
    tab: 'rendering',
    ...(isHidden && { visible: false })
  };
  // Neuroglancer's way to give each layer its own place on an axis.
  const place = image.channelAxis && {
    localDimensions: { [`${image.channelAxis}'`]: [1, ''] },
    localPosition: [channel ?? 0]
  };
  if (image.labels) {
    const coloured = image.segments.flatMap(({ value, color: own }) => (own ? [[String(value), `#${own}`]] : []));
    const segmentColors = coloured.length > 0 && {
      segmentColors: Object.fromEntries(coloured) as Record<string, string>
    };
    return { ...shown, ...place, type: 'segmentation', ...segmentColors };
  }
  if (channel === null) return { ...shown, ...place, shader: GREY, shaderControls: { normalized: { range, window } } };
  return {
    ...shown,
    ...place,
    // Light of several colours adds up.
    blend: 'additive',
    opacity: 1,
    shader: COLOURED,
    shaderControls: {
      normalized: { range, window },
      color: `#${(color ?? COLORS[channel % COLORS.length]).toLowerCase()}`
    }
  };
}

/** The axes of the slices of Neuroglancer's panels, across and down. */
type Plane = 'xy' | 'xz' | 'yz';
const PLANES: Record<Plane, [across: string, down: string]> = { xy: ['x', 'y'], xz: ['x', 'z'], yz: ['z', 'y'] };

/** How a layout divides the room: into columns and rows, and which slices it shows. */
function panelsOf(layout: unknown): { columns: number; rows: number; planes: Plane[] } {
  const name = typeof layout === 'object' ? (layout as { type?: unknown } | null)?.type : layout;
  if (name === '3d') return { columns: 1, rows: 1, planes: [] };
  for (const plane of Object.keys(PLANES) as Plane[]) {
    if (name === plane) return { columns: 1, rows: 1, planes: [plane] };
    if (name === `${plane}-3d`) return { columns: 2, rows: 1, planes: [plane] };
  }
  return { columns: 2, rows: 2, planes: ['xy', 'xz', 'yz'] };
}

/** Lengths along Z, Y and X; 1 for a missing axis. */
export const spaceShapeOf = ({ axes }: Image): [number, number, number] =>
  ['z', 'y', 'x'].map(name => axes.find(axis => axis.name === name)?.length ?? 1) as [number, number, number];

/** Panels of a first look: a volume of one slice has nothing to show in the others. */
export const layoutOf = (image: Image, isSmall: boolean): string =>
  spaceShapeOf(image)[0] === 1 ? 'xy' : isSmall ? 'xy-3d' : '4panel-alt';

/** Free room around a volume that is seen whole. */
const MARGIN = 1.1;

/**
 * The first look at some volumes that share a space: x to the right, y down, z away, all of the first one in sight, its
 * centre in the middle, at its first time point, and values and colours from its metadata's channels. `room` is what
 * the panels of the layout share, in pixels.
 */
export function firstLook(
  volumes: Volume[],
  layout: ViewerState[string],
  room: { width: number; height: number }
): ViewerState {
  const { axes, time } = volumes[0].image;
  const ordered = xyzOf(axes);
  const inMetres = ordered.map(axis => ({ ...axis, factor: metres(axis.unit) }));
  // Where only some axes have a unit, the others are drawn as though theirs were the same: proportions are what is left
  // to go by.
  const known = inMetres.find(({ factor }) => factor !== null)?.factor ?? 1;
  const dimension = (scale: number, factor: number | null, unit: string) =>
    factor === null ? [scale, ''] : [scale * factor, unit];
  const dimensions = Object.fromEntries(
    inMetres.map(({ name, scale, factor }) => [name, dimension(scale, factor, 'm')])
  );
  const relativeDisplayScales = Object.fromEntries(
    inMetres.filter(({ factor }) => factor === null && known !== 1).map(({ name }) => [name, known])
  );
  if (time) dimensions[time.name] = dimension(time.scale, seconds(time.unit), 's');
  // Neuroglancer's coordinates are in voxels, and a voxel's centre lies at its index.
  const position = [...ordered, ...(time ? [time] : [])].map(axis => middleOf(volumes[0].image, axis));
  const finest = Math.min(...inMetres.map(({ scale, factor }) => scale * (factor ?? known)));
  // In units of the shortest side of a voxel.
  const lengths = new Map(
    inMetres.map(({ name, length, scale, factor }) => [name, (length * scale * (factor ?? known)) / finest])
  );
  const { columns, rows, planes } = panelsOf(layout);
  const [width, height] = [room.width / columns, room.height / rows].map(pixels => Math.max(100, pixels));
  const scales = (planes.length > 0 ? planes : (['xy'] as const)).map(plane => {
    const [across, down] = PLANES[plane].map(axis => lengths.get(axis) ?? 1);
    return Math.max(across / width, down / height);
  });
  const layers = volumes.flatMap(layersOf);
  return {
    dimensions,
    ...(Object.keys(relativeDisplayScales).length > 0 && { relativeDisplayScales }),
    position,
    crossSectionScale: Math.max(...scales) * MARGIN,
    // Relative to the height of a panel.
    projectionScale: Math.hypot(...lengths.values()) * MARGIN * Math.max(1, height / width),
    projectionOrientation: TILTED,
    hideCrossSectionBackground3D: true,
    layers: layers.map(stateOf),
    selectedLayer: { visible: false, layer: layers[0].name },
    layout,
    showAxisLines: true,
    showSlices: true
  };
}
