import { metres, seconds } from '../volume/units.ts';
import type { Volume } from '../volume/volume.ts';
import { MOST_LAYERS } from '../volume/volume.ts';

/** A layer that shows a volume, or one of its channels. */
export interface Layer {
  name: string;
  volume: Volume;
  /** Null where all of the volume's channels are in the layer, one to be seen at a time. */
  channel: number | null;
}

/** The layers of a volume, with names by which they are known in a state. */
export function layersOf(volume: Volume): Layer[] {
  const { name, image } = volume;
  const { channels } = image;
  if (channels.length === 1 || channels.length > MOST_LAYERS || image.labels) return [{ name, volume, channel: null }];
  const labels = channels.map(({ label }) => label);
  const distinct = new Set(labels).size === labels.length;
  return channels.map(({ label }, n) => ({
    name: `${name} ${distinct && label !== '' ? label : `channel ${n}`}`,
    volume,
    channel: n
  }));
}

/** Transform from a source's voxels into the viewer's space, as Neuroglancer's states have it. */
export type Transform = {
  /** Factors of lengths, whatever the voxels; the translation is in voxels of `outputDimensions`. */
  matrix: number[][];
  outputDimensions: Record<string, [number, string]>;
};

/** A layer's source as Neuroglancer takes it: an address, and where it lies askew, the transform into its space. */
export type LayerSource = string | { url: string; transform: Transform };

export function sourceOf(volume: Volume): LayerSource {
  const address = `${volume.url}|${volume.image.handedFormat}:`;
  return isPlaced(volume) ? { url: address, transform: transformOf(volume) } : address;
}

/** Whether a volume is shown elsewhere than Neuroglancer would by itself. */
export const isPlaced = ({ image: { affine, lent } }: Volume): boolean => affine !== null || lent !== null;

/** Where a volume is by itself: where it does not lie askew, its voxels stay as they are. */
export function transformOf({ image: { allAxes, levels, affine, lent } }: Volume): Transform {
  const [{ scale }] = levels;
  const outputDimensions = Object.fromEntries(
    allAxes.map(({ name, kind, unit }, n): [string, [number, string]] => {
      if (kind === 'channel') return [`${name}'`, [scale[n], '']];
      const [inMetres, inSeconds] = [metres(unit), seconds(unit)];
      return [name, inMetres ? [scale[n] * inMetres, 'm'] : inSeconds ? [scale[n] * inSeconds, 's'] : [scale[n], '']];
    })
  );
  const place = affine ?? lent;
  const matrix = place
    ? place.map((row, n) => row.map((value, k) => (k < scale.length ? value : value / scale[n])))
    : allAxes.map((_, n) => [...allAxes.map((_, k) => Number(k === n)), 0]);
  return { matrix, outputDimensions };
}
