import { readImage } from '../../../src/viewer/volume/image.ts';

export const AXES = ['z', 'y', 'x'].map(name => ({ name, type: 'space', unit: 'micrometer' }));
export const DATASET = {
  path: '0',
  coordinateTransformations: [
    { type: 'scale', scale: [2, 1, 0.5] },
    { type: 'translation', translation: [20, 0, 0] }
  ]
};
export const OMERO = { channels: [{ window: { start: 10, end: 20, min: 0, max: 30 } }] };
export const SHAPE = [10, 20, 40];
/** Four panels of 400 pixels. */
export const ROOM = { width: 800, height: 800 };

/** A reader of files that are given as objects. */
export const files = (found: Record<string, unknown>) => async (key: string) =>
  key in found ? new TextEncoder().encode(JSON.stringify(found[key])) : null;
export const v3 = (data_type: string) =>
  files({
    'zarr.json': {
      attributes: { ome: { version: '0.5', multiscales: [{ axes: AXES, datasets: [DATASET] }], omero: OMERO } }
    },
    '0/zarr.json': { shape: SHAPE, data_type }
  });
export const v2 = (dtype: string) =>
  files({
    '.zattrs': { multiscales: [{ version: '0.4', axes: AXES, datasets: [DATASET] }], omero: OMERO },
    '0/.zarray': { shape: SHAPE, dtype }
  });

/** The files of an image of 0.6, whose levels lie by these transformations. */
export const v6 = (...steps: object[]) =>
  files({
    'zarr.json': {
      attributes: {
        ome: {
          version: '0.6',
          multiscales: [
            {
              coordinateSystems: [{ name: 'physical', axes: AXES }],
              datasets: steps.map((step, n) => ({
                path: String(n),
                coordinateTransformations: [{ ...step, input: { path: String(n) }, output: { name: 'physical' } }]
              }))
            }
          ],
          omero: OMERO
        }
      }
    },
    '0/zarr.json': { shape: SHAPE, data_type: 'float32' },
    '1/zarr.json': { shape: SHAPE, data_type: 'float32' }
  });

/** The files of an image and what its group of labels names. */
export const withLabels = (version: '0.4' | '0.5', named: Record<string, string>) => {
  const multiscales = [{ axes: AXES, datasets: [DATASET] }];
  const found: Record<string, unknown> = {};
  const group = (path: string, content: object) =>
    version === '0.5'
      ? (found[`${path}zarr.json`] = { attributes: { ome: { version, ...content } } })
      : (found[`${path}.zattrs`] = content);
  const array = (path: string, type: string) =>
    version === '0.5'
      ? (found[`${path}0/zarr.json`] = { shape: SHAPE, data_type: type })
      : (found[`${path}0/.zarray`] = { shape: SHAPE, dtype: { uint16: '<u2', complex64: '<c8' }[type] });
  group('', { multiscales });
  array('', 'uint16');
  group('labels/', { labels: Object.keys(named) });
  for (const [name, type] of Object.entries(named)) {
    group(`labels/${name}/`, { multiscales, 'image-label': {} });
    array(`labels/${name}/`, type);
  }
  return files(found);
};

/** The image of `v3` without units. */
export const bare = async () => {
  const datasets = [
    { path: '0', coordinateTransformations: [{ type: 'scale', scale: [1, 1, 1] }] },
    { path: '1', coordinateTransformations: [{ type: 'scale', scale: [2, 2, 2] }] }
  ];
  const axes = AXES.map(({ name, type }) => ({ name, type }));
  const attributes = { ome: { version: '0.5', multiscales: [{ axes, datasets }], omero: OMERO } };
  const level = { shape: SHAPE, data_type: 'uint16' };
  return readImage('bare', files({ 'zarr.json': { attributes }, '0/zarr.json': level, '1/zarr.json': level }));
};
