import { type Ini, positive } from './ini.ts';

/** Facts about a reconstruction in the text file that a scanner's program writes beside it. */
export interface Said {
  /** Edge lengths of a voxel along (Z, Y, X) in `unit`. */
  voxelSize: [number, number, number];
  unit: string;
  /**
   * Lengths of the volume along (Z, Y, X) in voxels, as far as the file says: the volume that it is about has these, or
   * fewer slices.
   */
  shape: [z: number | null, y: number | null, x: number | null];
  /** The greatest lengths that the volume can have, where `shape` is not said. */
  most?: [z: number, y: number, x: number];
  /** A warning for the user before relying on it. */
  caution?: string;
}

/** A reason why such a file cannot be used for a volume, in words that follow its name. */
export interface Unusable {
  unusable: string;
}

/** A kind of text file that says how large voxels are. Every one is read as a real file of its kind has it. */
export interface Kind {
  /** As `VolumeInfo.voxelSizeFrom` has it. */
  from: string;
  /** Names of such files. */
  name: RegExp;
  /** True when all files of the kind have the same name, so that only their folder tells what they are about. */
  fixedName?: true;
  /** Reads a file; null when it says nothing of how large anything is. */
  read(ini: Ini): Said | Unusable | null;
}

/** The reason against lengths of which not all are numbers greater than 0; null where there are none. */
function unreadable(...lengths: [key: string, value: string | undefined][]): Unusable | null {
  const given = lengths.filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return null;
  return { unusable: `it says ${given.map(([key, value]) => `${key}=${value}`).join(', ')}, which is no voxel size` };
}

const whole = (text: string | undefined): number | null => {
  const value = positive(text);
  return value !== null && Number.isInteger(value) ? value : null;
};

/**
 * Bruker (SkyScan): NRecon writes `<dataset>_rec.log` beside the slices, and later programs (CTAn, DataViewer) copies
 * of it. The section `[Acquisition]` tells of projections; only `[Reconstruction]` tells of slices, which may lie
 * several pixels apart.
 */
const bruker: Kind = {
  from: 'bruker-log',
  name: /\.log$/i,
  read(ini) {
    const said = ini.get('reconstruction');
    const key = 'pixel size (um)';
    const pixel = positive(said?.get(key));
    if (!said) {
      const acquired = ini.get('acquisition');
      const size = acquired?.get('image pixel size (um)') ?? acquired?.get('scaled image pixel size (um)');
      return size
        ? { unusable: `it tells of the acquisition only (pixels of ${size} um), and not of a reconstruction` }
        : null;
    }
    if (pixel === null) return unreadable(['Pixel Size (um)', said.get(key)]);
    const step = positive(said.get('section to section step')) ?? 1;
    return {
      voxelSize: [Number((pixel * step).toPrecision(15)), pixel, pixel],
      unit: 'um',
      shape: [
        whole(said.get('sections count')),
        whole(said.get('result image height (pixels)')),
        whole(said.get('result image width (pixels)'))
      ]
    };
  }
};

/**
 * Nikon (X-Tek, Metris): CT Pro's and Inspect-X's description of a reconstruction; lengths are in `Units`, which is
 * millimetres.
 */
const nikon: Kind = {
  from: 'nikon-xtekct',
  name: /\.xtekct$/i,
  read(ini) {
    const said = ini.get('xtekct');
    const [x, y, z] = ['x', 'y', 'z'].map(axis => positive(said?.get(`voxelsize${axis}`)));
    if (!said) return null;
    if (x === null || y === null || z === null)
      return unreadable(
        ['VoxelSizeX', said.get('voxelsizex')],
        ['VoxelSizeY', said.get('voxelsizey')],
        ['VoxelSizeZ', said.get('voxelsizez')]
      );
    const voxels = (axis: string) => whole(said.get(`voxels${axis}`));
    return {
      voxelSize: [z, y, x],
      unit: said.get('units') || 'mm',
      shape: [voxels('z'), voxels('y'), voxels('x')]
    };
  }
};

/** GE (phoenix, Waygate) datos|x: the reconstruction, of cubic voxels, in millimetres. */
const phoenixReconstruction: Kind = {
  from: 'ge-pcr',
  name: /\.pcr$/i,
  read(ini) {
    const said = ini.get('volumedata');
    const size = positive(said?.get('voxelsizerec'));
    if (!said) return null;
    if (size === null) return unreadable(['VoxelSizeRec', said.get('voxelsizerec')]);
    const voxels = (axis: string) => whole(said.get(`volume_size${axis}`));
    return { voxelSize: [size, size, size], unit: 'mm', shape: [voxels('z'), voxels('y'), voxels('x')] };
  }
};

/**
 * GE (phoenix, Waygate) datos|x: the acquisition. Its voxel is the detector's pixel by the magnification, in
 * millimetres; the detector's rows are the volume's slices. A reconstruction at a lower resolution has larger voxels,
 * and does not show here.
 */
const phoenixAcquisition: Kind = {
  from: 'ge-pca',
  name: /\.pca$/i,
  read(ini) {
    const said = ini.get('geometry');
    const [x, y] = ['x', 'y'].map(axis => positive(said?.get(`voxelsize${axis}`)));
    if (x === null || y === null)
      return unreadable(['VoxelSizeX', said?.get('voxelsizex')], ['VoxelSizeY', said?.get('voxelsizey')]);
    const image = ini.get('image');
    const [columns, rows] = [whole(image?.get('dimx')), whole(image?.get('dimy'))];
    return {
      voxelSize: [y, x, x],
      unit: 'mm',
      shape: [null, null, null],
      ...(columns && rows && { most: [rows, columns, columns] }),
      caution: 'it describes the acquisition, and holds for a reconstruction at full resolution only'
    };
  }
};

/**
 * TESCAN (XRE): `data settings xre recon.txt` in the folder of the reconstruction. Its voxel size has the unit of its
 * pixel size, which is millimetres where the camera's pixel size, given in millimetres, is the same.
 */
const tescan: Kind = {
  from: 'tescan-recon',
  name: /^data settings.* recon\.txt$/i,
  fixedName: true,
  read(ini) {
    const said = ini.get('ct-parameters in');
    const [size, pixel] = [positive(said?.get('voxel size')), positive(said?.get('pixel size'))];
    const camera = positive(ini.get('camera settings')?.get('binned pixelsize (mm)'));
    if (size === null) return unreadable(['Voxel size', said?.get('voxel size')]);
    if (pixel === null || camera === null || Math.abs(pixel / camera - 1) > 0.01)
      return { unusable: `it says Voxel size=${said!.get('voxel size')}, and not in which unit` };
    return { voxelSize: [size, size, size], unit: 'mm', shape: [null, null, null] };
  }
};

/** In the order in which they are believed: what tells of the reconstruction before what tells of the acquisition. */
export const KINDS: readonly Kind[] = [bruker, nikon, phoenixReconstruction, tescan, phoenixAcquisition];
