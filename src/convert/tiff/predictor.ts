/** Sums differences of neighbours in a row (TIFF 6.0 section 14), on native whole numbers of the voxel's size; in place. */
function sumRow(row: Uint8Array | Uint16Array | Uint32Array): void {
  let value = 0;
  for (let i = 0; i < row.length; i++) row[i] = value += row[i];
}

/**
 * The floating-point predictor (Adobe Photoshop TIFF Technical Note 3): differences of bytes along a row in which all highest bytes
 * come first, then all second ones, whatever the file's byte order. Leaves native (little-endian) float32 in `row`.
 */
function sumFloatRow(row: Uint8Array, planes: Uint8Array): void {
  const width = row.length >> 2;
  let value = 0;
  for (let i = 0; i < row.length; i++) planes[i] = value = (value + row[i]) & 255;
  for (let i = 0, o = 0; i < width; i++, o += 4) {
    row[o] = planes[i + 3 * width];
    row[o + 1] = planes[i + 2 * width];
    row[o + 2] = planes[i + width];
    row[o + 3] = planes[i];
  }
}

/**
 * Undoes predictor 2 on native voxels of 1, 2 or 4 bytes, or predictor 3 on float32 as stored; in place.
 *
 * @param bytes whole rows; its start is aligned to 4 bytes
 */
export function undoPredictor(bytes: Uint8Array, predictor: number, bytesPerVoxel: number, rowBytes: number): void {
  const { buffer, byteOffset, length } = bytes;
  if (predictor === 3) {
    const planes = new Uint8Array(rowBytes);
    for (let at = 0; at + rowBytes <= length; at += rowBytes) sumFloatRow(bytes.subarray(at, at + rowBytes), planes);
    return;
  }
  for (let at = 0; at + rowBytes <= length; at += rowBytes) {
    if (bytesPerVoxel === 1) sumRow(new Uint8Array(buffer, byteOffset + at, rowBytes));
    else if (bytesPerVoxel === 2) sumRow(new Uint16Array(buffer, byteOffset + at, rowBytes / 2));
    else sumRow(new Uint32Array(buffer, byteOffset + at, rowBytes / 4));
  }
}
