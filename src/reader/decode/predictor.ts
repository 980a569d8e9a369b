/**
 * Sums differences of neighbouring pixels in a row (TIFF 6.0 section 14), sample by sample, on native whole numbers of
 * the sample's size; in place.
 */
function sumRow(row: Uint8Array | Uint16Array | Uint32Array, samples: number): void {
  if (samples === 1) {
    let value = 0;
    for (let i = 0; i < row.length; i++) row[i] = value += row[i];
  } else for (let i = samples; i < row.length; i++) row[i] += row[i - samples];
}

/** The same for 64-bit numbers, as pairs of their low and high halves. */
function sumRow64(row: Uint32Array, samples: number): void {
  const back = 2 * samples;
  for (let i = back; i < row.length; i += 2) {
    const low = row[i] + row[i - back];
    row[i] = low;
    row[i + 1] += row[i + 1 - back] + (low > 0xffffffff ? 1 : 0);
  }
}

/**
 * The floating-point predictor (Adobe Photoshop TIFF Technical Note 3): differences of bytes along a row in which all
 * highest bytes come first, then all second ones, whatever the file's byte order; of bytes one pixel's samples apart,
 * as libtiff has it. Leaves native (little-endian) numbers in `row`.
 */
function sumFloatRow(row: Uint8Array, planes: Uint8Array, size: number, samples: number): void {
  const count = row.length / size;
  for (let i = 0; i < samples; i++) planes[i] = row[i];
  for (let i = samples; i < row.length; i++) planes[i] = planes[i - samples] + row[i];
  for (let byte = 0; byte < size; byte++)
    for (let i = 0, from = (size - 1 - byte) * count; i < count; i++, from++) row[i * size + byte] = planes[from];
}

/**
 * Undoes predictor 2 on native samples of 1, 2, 4 or 8 bytes, or predictor 3 on floats of 2, 4 or 8 bytes as stored; in
 * place.
 *
 * @param bytes whole rows of `rowBytes`; its start is aligned to the sample's size
 * @param size bytes of a sample, `samples` of which lie side by side in a pixel
 */
export function undoPredictor(
  bytes: Uint8Array,
  predictor: number,
  size: number,
  samples: number,
  rowBytes: number
): void {
  const { buffer, byteOffset, length } = bytes;
  const planes = new Uint8Array(predictor === 3 ? rowBytes : 0);
  for (let at = 0; at + rowBytes <= length; at += rowBytes) {
    const first = byteOffset + at;
    if (predictor === 3) sumFloatRow(bytes.subarray(at, at + rowBytes), planes, size, samples);
    else if (size === 1) sumRow(new Uint8Array(buffer, first, rowBytes), samples);
    else if (size === 2) sumRow(new Uint16Array(buffer, first, rowBytes / 2), samples);
    else if (size === 4) sumRow(new Uint32Array(buffer, first, rowBytes / 4), samples);
    else sumRow64(new Uint32Array(buffer, first, rowBytes / 4), samples);
  }
}
