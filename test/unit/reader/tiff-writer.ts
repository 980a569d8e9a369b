/** A small TIFF writer for tests: it writes what it is told to, wrong things too. */
export type Value = number | number[] | string | Uint8Array | { rational: [number, number] };

export interface PageSpec {
  width: number;
  height: number;
  bits?: number;
  /** 1 unsigned, 2 signed, 3 float. */
  sampleFormat?: number;
  /** Strips or tiles as they are stored; null: one that is not in the file. */
  segments: (Uint8Array | null)[];
  tile?: [rows: number, columns: number];
  rowsPerStrip?: number;
  /** More tags, or others in place of those above; null leaves a tag out. */
  tags?: Record<number, Value | null>;
}

export interface FileSpec {
  little?: boolean;
  big?: boolean;
  /** Position of the directory after the last; a number of a page to go round in a circle. */
  after?: { page: number } | { position: number };
}

export function writeTiff(pages: PageSpec[], { little = true, big = false, after }: FileSpec = {}): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  const append = (bytes: Uint8Array): number => {
    const at = size;
    parts.push(Buffer.from(bytes));
    size += bytes.length;
    return at;
  };
  const uint = (value: number, length: number): Buffer => {
    const b = Buffer.alloc(length);
    for (let i = 0; i < length; i++) b[little ? i : length - 1 - i] = Math.floor(value / 256 ** i) % 256;
    return b;
  };
  const inline = big ? 8 : 4;
  append(Buffer.from(little ? 'II' : 'MM'));
  append(uint(big ? 43 : 42, 2));
  if (big) append(Buffer.concat([uint(8, 2), uint(0, 2)]));
  const links = [size];
  append(uint(0, inline));
  const directories: number[] = [];
  for (const page of pages) {
    const { width, height, bits = 8, sampleFormat = 1, segments, tile, rowsPerStrip = height } = page;
    const offsets = segments.map(s => (s ? append(s) : 0));
    const counts = segments.map(s => s?.length ?? 0);
    const tags: Record<number, Value | null> = {
      256: width,
      257: height,
      258: bits,
      259: 1,
      262: 1,
      277: 1,
      339: sampleFormat,
      ...(tile
        ? { 322: tile[1], 323: tile[0], 324: offsets, 325: counts }
        : { 273: offsets, 278: rowsPerStrip, 279: counts }),
      ...page.tags
    };
    const entries = Object.entries(tags).flatMap(([tag, value]) => {
      if (value === null) return [];
      let [type, count] = [big ? 16 : 4, 1];
      let bytes: Buffer;
      if (typeof value === 'string') [type, bytes] = [2, Buffer.from(`${value}\0`)];
      else if (value instanceof Uint8Array) [type, bytes] = [7, Buffer.from(value)];
      else if (typeof value === 'object' && 'rational' in value)
        [type, bytes] = [5, Buffer.concat(value.rational.map(n => uint(n, 4)))];
      else {
        const list = [value].flat();
        count = list.length;
        bytes = Buffer.concat(list.map(n => uint(n, inline)));
      }
      if (type === 2 || type === 7) count = bytes.length;
      if (bytes.length > inline) bytes = uint(append(bytes), inline);
      return [
        Buffer.concat([
          uint(Number(tag), 2),
          uint(type, 2),
          uint(count, inline),
          bytes,
          Buffer.alloc(inline - bytes.length)
        ])
      ];
    });
    directories.push(append(Buffer.concat([uint(entries.length, big ? 8 : 2), ...entries])));
    links.push(size);
    append(uint(0, inline));
  }
  const file = Buffer.concat(parts);
  const targets = [...directories, after ? ('page' in after ? directories[after.page - 1] : after.position) : 0];
  for (const [i, at] of links.entries()) uint(targets[i], inline).copy(file, at);
  return file;
}
