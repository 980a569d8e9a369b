import type { Image } from './image.ts';
import { metres, seconds } from './units.ts';

/**
 * The metadata of an image as Neuroglancer 2.41 knows it: OME-Zarr 0.5 or 0.4, whatever version it is and however it
 * says where its levels lie. The name of the file that holds it, and its text.
 */
export function nativeDocument({ handedFormat: format, allAxes, levels }: Image): { key: string; text: string } {
  const multiscales = [
    {
      ...(format === 'zarr2' && { version: '0.4' }),
      axes: allAxes.map(({ name, kind, unit }) => ({
        name,
        type: kind,
        // It refuses an image for a unit that it does not know.
        ...((metres(unit) ?? seconds(unit)) !== null && { unit })
      })),
      datasets: levels.map(({ path, scale, translation }) => ({
        // As a part of an address.
        path: path.split('/').map(encodeURIComponent).join('/'),
        coordinateTransformations: [
          { type: 'scale', scale },
          { type: 'translation', translation }
        ]
      }))
    }
  ];
  if (format === 'zarr2') return { key: '.zattrs', text: JSON.stringify({ multiscales }) };
  const attributes = { ome: { version: '0.5', multiscales } };
  return { key: 'zarr.json', text: JSON.stringify({ zarr_format: 3, node_type: 'group', attributes }) };
}
