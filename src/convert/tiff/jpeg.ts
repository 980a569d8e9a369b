// Not by the package's name: its index starts a worker pool's machinery, which fails inside worker threads of others.
import JpegDecoder from '../../../node_modules/geotiff/dist-module/compression/jpeg.js';

/** Height and width of the image in a JPEG stream, and how its pixels are made (ITU T.81, B.2.2). */
function frameOf(data: Uint8Array): { height: number; width: number; bits: number; components: number } | null {
  let at = 2;
  while (at + 9 < data.length) {
    if (data[at] !== 0xff) return null;
    const marker = data[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame)
      return {
        bits: data[at + 4],
        height: (data[at + 5] << 8) | data[at + 6],
        width: (data[at + 7] << 8) | data[at + 8],
        components: data[at + 9]
      };
    at += 2 + ((data[at + 2] << 8) | data[at + 3]);
  }
  return null;
}

/**
 * Decodes a segment of 8-bit JPEG (TIFF Technical Note 2): the samples of each pixel, side by side.
 *
 * @param tables the file's JPEGTables, if any
 * @param samples how many a pixel must have
 * @param yCbCr whether they are to be turned from YCbCr into RGB
 * @throws Error for what is no such JPEG, or one of another size
 */
export async function decodeJpeg(
  data: Uint8Array,
  tables: Uint8Array | undefined,
  [rows, columns]: [number, number],
  samples: number,
  yCbCr: boolean
): Promise<Uint8Array> {
  const frame = frameOf(data);
  if (!frame) throw new Error('no JPEG image was found');
  const { height, width, bits, components } = frame;
  if (bits !== 8 || components !== samples)
    throw new Error(`JPEG of ${components} × ${bits} bits, where ${samples} × 8 bits were expected`);
  if (width !== columns || height < rows || height > 65535)
    throw new Error(`JPEG of ${height} × ${width} pixels, where ${rows} × ${columns} were expected`);
  const decoder = new JpegDecoder({
    tileWidth: columns,
    tileHeight: rows,
    predictor: 1,
    bitsPerSample: [8],
    planarConfiguration: 1,
    ...(tables && { JPEGTables: tables })
  });
  const pixels = new Uint8Array(await decoder.decode(Uint8Array.from(data).buffer));
  if (yCbCr) toRgb(pixels);
  return pixels;
}

/** From the YCbCr of JFIF (ITU T.871 section 7) to RGB, in place. */
function toRgb(pixels: Uint8Array): void {
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const [y, cb, cr] = [pixels[i], pixels[i + 1] - 128, pixels[i + 2] - 128];
    clamped[i] = y + 1.402 * cr;
    clamped[i + 1] = y - 0.344136286 * cb - 0.714136286 * cr;
    clamped[i + 2] = y + 1.772 * cb;
  }
}
