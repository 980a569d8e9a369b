// Not by the package's name: its index starts a worker pool's machinery, which fails inside worker threads of others.
import JpegDecoder from '../../../node_modules/geotiff/dist-module/compression/jpeg.js';

/** Height and width of the image in a JPEG stream, and whether it is 8-bit grey (ITU T.81, B.2.2). */
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
 * Decodes a segment of 8-bit grey JPEG (TIFF Technical Note 2).
 *
 * @param tables the file's JPEGTables, if any
 * @throws Error for what is no such JPEG, or one of another size
 */
export async function decodeJpeg(
  data: Uint8Array,
  tables: Uint8Array | undefined,
  [rows, columns]: [number, number]
): Promise<Uint8Array> {
  const frame = frameOf(data);
  if (!frame) throw new Error('no JPEG image was found');
  const { height, width, bits, components } = frame;
  if (bits !== 8 || components !== 1)
    throw new Error(`JPEG of ${components} × ${bits} bits, where one of 8 bits was expected`);
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
  return new Uint8Array(await decoder.decode(Uint8Array.from(data).buffer));
}
