import { extname } from 'node:path';
import type { HeaderBytes } from './header-bytes.ts';

/** Kinds of files that are taken for TIFFs, by bytes (in Latin-1) and where they stand. */
const SIGNATURES: [at: number, bytes: string, name: string][] = [
  [128, 'DICM', 'a DICOM file'],
  [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an OLE2 file, as Zeiss TXM and TXRM are'],
  [0, '\x89HDF\r\n', 'an HDF5 file'],
  [344, 'n+1\0', 'a NIfTI volume'],
  [344, 'ni1\0', 'the header of a NIfTI volume'],
  [4, 'n+2\0', 'a NIfTI volume'],
  [208, 'MAP ', 'an MRC volume'],
  [0, 'NRRD', 'an NRRD volume'],
  [0, 'ObjectType', 'the header of a MetaImage volume'],
  [0, 'NDims', 'the header of a MetaImage volume'],
  [0, '# AmiraMesh', 'an Amira or Avizo file'],
  [0, '# Avizo', 'an Amira or Avizo file'],
  [0, '# HyperSurface', 'an Amira or Avizo surface'],
  [0, '# vtk DataFile', 'a VTK file'],
  [0, '<VTKFile', 'a VTK file'],
  [0, 'CTDATA-HEADER_V1', 'a Scanco ISQ volume'],
  [0, 'AIMDATA_V030', 'a Scanco AIM volume'],
  [0, 'ZISRAWFILE', 'a Zeiss CZI file'],
  [0, '\xda\xce\xbe\x0a', 'a Nikon ND2 file'],
  [0, 'SIMPLE  =', 'a FITS file'],
  [0, 'CDF\x01', 'a NetCDF file'],
  [0, 'CDF\x02', 'a NetCDF file'],
  [0, '\x93NUMPY', 'a NumPy array'],
  [0, 'MATLAB 5.0 MAT-file', 'a MATLAB file'],
  [0, '\x89PNG', 'a PNG image'],
  [0, '\xff\xd8\xff', 'a JPEG image'],
  [0, '\0\0\0\x0cjP  ', 'a JPEG 2000 image'],
  [0, '\xff\x4f\xff\x51', 'a JPEG 2000 image'],
  [0, '\0\0\0\x0cJXL ', 'a JPEG XL image'],
  [0, 'GIF8', 'a GIF image'],
  [0, 'BM', 'a Windows bitmap'],
  [8, 'WEBP', 'a WebP image'],
  [4, 'ftyp', 'an MP4 video or an HEIF image'],
  [0, 'RIFF', 'an AVI video or another RIFF file'],
  [0, 'PK\x03\x04', 'a zip archive'],
  [0, '\x1f\x8b', 'a gzip file'],
  [0, 'BZh', 'a bzip2 file'],
  [0, '\xfd7zXZ\0', 'an xz file'],
  [0, '\x28\xb5\x2f\xfd', 'a Zstandard file'],
  [0, '7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  [0, 'Rar!', 'a RAR archive'],
  [257, 'ustar', 'a tar archive'],
  [0, '%PDF', 'a PDF'],
  [0, '\xc5\xd0\xd3\xc6', 'a PostScript file'],
  [0, '%!PS', 'a PostScript file'],
  [0, 'PAR1', 'a Parquet file'],
  [0, 'SQLite format 3', 'an SQLite database'],
  [0, '<?xml', 'XML'],
  [0, '<!DOCTYPE html', 'a web page, perhaps the answer of a server in place of the file'],
  [0, '<html', 'a web page, perhaps the answer of a server in place of the file'],
  [0, 'version https:', 'a pointer of Git LFS, whose file has not been fetched'],
  [0, '\x1aE\xdf\xa3', 'a Matroska video'],
  [0, 'MZ', 'a Windows program'],
  [0, '\x7fELF', 'a program'],
  [0, '{', 'JSON']
];

/** Names for files of a kind that has several. */
const BY_ENDING: Partial<Record<string, string>> = {
  '.txm': 'a Zeiss TXM (OLE2)',
  '.txrm': 'a Zeiss TXRM (OLE2)',
  '.xrm': 'a Zeiss XRM (OLE2)',
  '.ims': 'an Imaris file (HDF5)',
  '.mnc': 'a MINC file (HDF5)',
  '.npz': 'a NumPy archive (zip)',
  '.ozx': 'a zipped OME-Zarr'
};
const HAS_SEVERAL: readonly string[] = ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', '\x89HDF\r\n', 'PK\x03\x04'];

const LOOKED_AT = 512;

/** The beginning of a file, in Latin-1. */
function startOf(file: HeaderBytes): string {
  const length = Math.min(LOOKED_AT, file.size);
  const at = file.locate(0, length);
  return file.buffer.toString('latin1', at, at + length);
}

function kindOf(file: HeaderBytes, text: string): { name: string; place: number } | null {
  const known = SIGNATURES.find(([place, bytes]) => text.startsWith(bytes, place));
  if (!known) return null;
  const name = HAS_SEVERAL.includes(known[1]) ? BY_ENDING[extname(file.path).toLowerCase()] : null;
  return { name: name ?? known[2], place: known[0] };
}

/** The kind of a file by its first bytes: `a DICOM file`; null where it is not known. */
export const fileKind = (file: HeaderBytes): string | null => kindOf(file, startOf(file))?.name ?? null;

/** The kind of a file by its first bytes, for a message: `it is a DICOM file (44 49 ...)`. */
export function describeStart(file: HeaderBytes): string {
  if (file.size === 0) return 'it is empty';
  const text = startOf(file);
  const first = text.slice(0, 8);
  const hex = Buffer.from(first, 'latin1')
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
  const kind = kindOf(file, text);
  if (kind) return `it is ${kind.name}${kind.place === 0 ? ` (${hex})` : ''}`;
  return /^\0+$/.test(first) ? 'it starts with zeros' : `it starts with the bytes ${hex}`;
}
