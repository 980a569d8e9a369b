import type { DecoderTables } from '../../model/layout.ts';
import { BitReader, HuffmanTable } from './jpeg-huffman.ts';
import { ZIGZAG, inverseTransform } from './jpeg-transform.ts';
import { type SamplePlane, upsampleRow } from './jpeg-upsample.ts';
import type { SegmentCodec } from './segment-codec.ts';

/** A frame's component (ITU T.81, B.2.2). */
interface Component {
  id: number;
  /** Blocks across and down in a unit of several components, and in all such units together. */
  across: number;
  down: number;
  blocksAcross: number;
  blocksDown: number;
  /** Blocks that the image itself needs. */
  ownAcross: number;
  ownDown: number;
  table: number;
  plane: SamplePlane;
  /** Of a progressive image, until all scans are read. */
  coefficients: Int16Array | null;
}

interface Frame {
  progressive: boolean;
  height: number;
  width: number;
  components: Component[];
  unitsAcross: number;
  unitsDown: number;
}

/**
 * A scan: its components with their tables, and which coefficients it has, to which bit (ITU T.81, B.2.3 and G.1.1).
 */
interface Scan {
  parts: { component: Component; dc: HuffmanTable | null; ac: HuffmanTable | null; before: number }[];
  first: number;
  last: number;
  /** The bit that was the lowest before; 0: none was there. */
  high: number;
  low: number;
}

/** Markers of a JPEG stream by their meaning (ITU T.81, table B.1). */
const MARKER = { frame: 0xc0, tables: 0xc4, start: 0xd8, end: 0xd9, scan: 0xda, quantization: 0xdb, restart: 0xdd };
const KINDS: Partial<Record<number, string>> = { 0xc3: 'lossless JPEG', 0xcb: 'lossless JPEG', 0xf7: 'JPEG-LS' };

/**
 * The name of a kind of JPEG that is not read, by the first bytes of a stream; null for what is read or cannot be told.
 */
export function otherJpeg(data: Uint8Array): string | null {
  for (let at = 2; at + 3 < data.length && data[at] === 0xff;) {
    const marker = data[at + 1];
    if (marker === 0xff) at++;
    else if (marker === MARKER.scan) return null;
    else if (KINDS[marker]) return KINDS[marker];
    else if (isFrame(marker)) return marker > 0xc2 ? 'JPEG of a kind that is seldom used' : null;
    else at += 2 + ((data[at + 2] << 8) | data[at + 3]);
  }
  return null;
}

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== MARKER.tables && marker !== 0xc8 && marker !== 0xcc;

/**
 * Most bytes that decoding takes beside the pixels, for each of the image's samples: its planes, and coefficients where
 * it is progressive.
 */
const WORKING_BYTES = 3;

export const jpeg: SegmentCodec = {
  ignoresBitOrder: true,
  workingBytes: (_layout, bytes) => WORKING_BYTES * bytes,
  createDecoder:
    () =>
    ({ data, rows, layout: { decoderTables, segmentWidth, packing } }) =>
      decodeJpeg(data, decoderTables, [rows, segmentWidth], packing.samples)
};

/**
 * Decodes a segment of 8-bit JPEG (ITU T.81 and TIFF Technical Note 2), sequential or progressive: the samples of each
 * pixel, side by side, the same as libjpeg's to the last bit. No library that is kept gives these: theirs differ by
 * some grey values, and by far more where colours have half the resolution.
 *
 * @param samples how many a pixel must have
 * @throws Error for what is no such JPEG, is damaged, or has another size
 */
function decodeJpeg(
  data: Uint8Array,
  { jpegTables, yCbCr }: DecoderTables,
  [rows, columns]: [number, number],
  samples: number
): Uint8Array {
  const decoder = new JpegDecoder();
  if (jpegTables) decoder.read(jpegTables, null);
  const frame = decoder.read(data, ({ width, height, components }, bits) => {
    if (bits !== 8 || components.length !== samples)
      throw new Error(`JPEG of ${components.length} × ${bits} bits, where ${samples} × 8 bits were expected`);
    if (width !== columns || height < rows)
      throw new Error(`JPEG of ${height} × ${width} pixels, where ${rows} × ${columns} were expected`);
  });
  if (!frame) throw new Error('no JPEG image was found');
  const pixels = new Uint8Array(rows * columns * samples);
  const row = new Uint8Array(2 * columns + 64);
  for (const [n, { plane }] of frame.components.entries())
    for (let y = 0; y < rows; y++) {
      upsampleRow(plane, y, row);
      for (let x = 0, to = y * columns * samples + n; x < columns; x++, to += samples) pixels[to] = row[x];
    }
  if (yCbCr) toRgb(pixels);
  return pixels;
}

class JpegDecoder {
  readonly #quantization: (Uint16Array | null)[] = [null, null, null, null];
  readonly #dc: (HuffmanTable | null)[] = [null, null, null, null];
  readonly #ac: (HuffmanTable | null)[] = [null, null, null, null];
  #restart = 0;
  /** Blocks for which a progressive scan has nothing more to say. */
  #skip = 0;
  readonly #block = new Int16Array(64);

  /** Reads a stream to its end; `check` sees a frame before room is made for it. Null where it has none, but tables. */
  read(data: Uint8Array, check: ((frame: Frame, bits: number) => void) | null): Frame | null {
    let frame: Frame | null = null;
    let scans = 0;
    if (data[0] !== 0xff || data[1] !== MARKER.start) throw new Error('no JPEG image was found');
    for (let at = 2; ;) {
      // Bytes between the segments of a stream mean nothing.
      while (at < data.length && (data[at] !== 0xff || data[at + 1] === 0 || data[at + 1] === 0xff)) at++;
      const marker = data[at + 1];
      at += 2;
      if (marker === MARKER.end) break;
      if (at + 2 > data.length) {
        if (check) throw new Error('its data end early');
        break;
      }
      if (marker >= 0xd0 && marker <= 0xd7) continue;
      const end = at + ((data[at] << 8) | data[at + 1]);
      const body = data.subarray(at + 2, end);
      if (end > data.length) throw new Error('its data end early');
      at = end;
      if (marker === MARKER.quantization) this.#readQuantization(body);
      else if (marker === MARKER.tables) this.#readTables(body);
      else if (marker === MARKER.restart) this.#restart = (body[0] << 8) | body[1];
      else if (isFrame(marker)) {
        if (marker > 0xc2) throw new Error(`${KINDS[marker] ?? 'a kind of JPEG that is seldom used'} cannot be read`);
        if (frame || !check) throw new Error('a second image');
        frame = readFrame(body, marker === 0xc2, check);
      } else if (marker === MARKER.scan) {
        if (!frame) throw new Error('a scan without a frame');
        if (++scans > MAX_SCANS) throw new Error(`more than ${MAX_SCANS} scans`);
        at = this.#readScan(data, at, this.#scanOf(body, frame), frame);
      }
    }
    if (frame && scans === 0) throw new Error('its data end early');
    if (frame?.progressive) this.#finish(frame);
    return frame;
  }

  #readQuantization(body: Uint8Array): void {
    for (let at = 0; at < body.length;) {
      const [wide, number] = [body[at] >> 4, body[at] & 15];
      at++;
      const table = new Uint16Array(64);
      for (let i = 0; i < 64; i++, at += wide ? 2 : 1)
        table[ZIGZAG[i]] = wide ? (body[at] << 8) | body[at + 1] : body[at];
      if (number > 3 || at > body.length) throw new Error('a quantization table that is none');
      this.#quantization[number] = table;
    }
  }

  #readTables(body: Uint8Array): void {
    for (let at = 0; at + 17 <= body.length;) {
      const [kind, number] = [body[at] >> 4, body[at] & 15];
      const counts = body.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, n) => sum + n, 0);
      at += 17;
      if (kind > 1 || number > 3 || at + total > body.length) throw new Error('a Huffman table that is none');
      (kind === 0 ? this.#dc : this.#ac)[number] = new HuffmanTable(counts, body.slice(at, at + total));
      at += total;
    }
  }

  #scanOf(body: Uint8Array, { components, progressive }: Frame): Scan {
    const count = body[0];
    const [first, last, bits] = body.subarray(1 + 2 * count);
    const [high, low] = [bits >> 4, bits & 15];
    const parts = Array.from({ length: count }, (_, n) => {
      const [id, tables] = body.subarray(1 + 2 * n);
      const component = components.find(other => other.id === id);
      if (!component) throw new Error('a scan of a component that is not there');
      const [dc, ac] = [this.#dc[tables >> 4] ?? null, this.#ac[tables & 15] ?? null];
      if (!this.#quantization[component.table]) throw new Error('a quantization table is missing');
      const needed = progressive ? (first === 0 ? high > 0 || dc : ac) : dc && ac;
      if (!needed) throw new Error('a Huffman table is missing');
      return { component, dc, ac, before: 0 };
    });
    const sound = progressive
      ? first <= last && last < 64 && low < 14 && (first === 0 ? last === 0 : count === 1)
      : first === 0 && last === 63 && bits === 0;
    if (count < 1 || !sound) throw new Error('a scan of another kind than its frame');
    return { parts, first, last, high, low };
  }

  /** Reads the units of a scan; returns where its data end. */
  #readScan(data: Uint8Array, at: number, scan: Scan, frame: Frame): number {
    const bits = new BitReader(data, at);
    const { parts } = scan;
    const [{ component }] = parts;
    const alone = parts.length === 1;
    const [across, down] = alone ? [component.ownAcross, component.ownDown] : [frame.unitsAcross, frame.unitsDown];
    this.#skip = 0;
    let left = this.#restart;
    for (let y = 0; y < down; y++)
      for (let x = 0; x < across; x++) {
        if (this.#restart > 0 && left-- === 0) {
          bits.restart();
          for (const part of parts) part.before = 0;
          this.#skip = 0;
          left = this.#restart - 1;
        }
        if (alone) this.#readBlock(bits, scan, parts[0], y, x, frame.progressive);
        else
          for (const part of parts) {
            const { across: h, down: v } = part.component;
            for (let row = 0; row < v; row++)
              for (let column = 0; column < h; column++)
                this.#readBlock(bits, scan, part, y * v + row, x * h + column, frame.progressive);
          }
      }
    return bits.position;
  }

  #readBlock(bits: BitReader, scan: Scan, part: Scan['parts'][0], y: number, x: number, progressive: boolean): void {
    const { component } = part;
    if (progressive) {
      const from = 64 * (y * component.blocksAcross + x);
      this.#readProgressive(bits, scan, part, component.coefficients!, from);
      return;
    }
    const block = this.#block.fill(0);
    part.before += bits.signed(part.dc!.decode(bits));
    block[0] = part.before;
    for (let i = 1; i < 64; i++) {
      const code = part.ac!.decode(bits);
      const size = code & 15;
      if (size === 0) {
        if (code !== 0xf0) break;
        i += 15;
        continue;
      }
      i += code >> 4;
      if (i > 63) throw new Error('a block of more than 64 coefficients');
      block[ZIGZAG[i]] = bits.signed(size);
    }
    this.#place(component, block, 0, y, x);
  }

  /** Reads what a scan of a progressive image says of a block (ITU T.81, G.1.2 and G.2). */
  #readProgressive(bits: BitReader, scan: Scan, part: Scan['parts'][0], all: Int16Array, from: number): void {
    const { first, last, high, low } = scan;
    if (first === 0) {
      if (high === 0) {
        part.before += bits.signed(part.dc!.decode(bits));
        all[from] = part.before << low;
      } else if (bits.bits(1)) all[from] |= 1 << low;
      return;
    }
    if (high > 0) return this.#refine(bits, scan, part.ac!, all, from);
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    for (let i = first; i <= last; i++) {
      const code = part.ac!.decode(bits);
      const [run, size] = [code >> 4, code & 15];
      if (size > 0) {
        i += run;
        if (i > 63) throw new Error('a block of more than 64 coefficients');
        all[from + ZIGZAG[i]] = bits.signed(size) << low;
      } else if (run === 15) i += 15;
      else {
        this.#skip = (1 << run) + bits.bits(run) - 1;
        return;
      }
    }
  }

  /** Reads one more bit of the coefficients that are not 0 yet known, and new ones among them (ITU T.81, G.1.2.3). */
  #refine(bits: BitReader, { first, last, low }: Scan, ac: HuffmanTable, all: Int16Array, from: number): void {
    const bit = 1 << low;
    const correct = (at: number) => {
      if (bits.bits(1) && (all[at] & bit) === 0) all[at] += all[at] > 0 ? bit : -bit;
    };
    let i = first;
    if (this.#skip === 0)
      for (; i <= last; i++) {
        const code = ac.decode(bits);
        let run = code >> 4;
        let value = 0;
        if (code & 15) value = bits.bits(1) ? bit : -bit;
        else if (run < 15) {
          this.#skip = (1 << run) + bits.bits(run);
          break;
        }
        for (; i <= last; i++) {
          const at = from + ZIGZAG[i];
          if (all[at] !== 0) correct(at);
          else if (run-- === 0) {
            if (value) all[at] = value;
            break;
          }
        }
      }
    if (this.#skip > 0) {
      for (; i <= last; i++) if (all[from + ZIGZAG[i]] !== 0) correct(from + ZIGZAG[i]);
      this.#skip--;
    }
  }

  #place(component: Component, coefficients: Int16Array, from: number, y: number, x: number): void {
    const { samples, stride } = component.plane;
    inverseTransform(coefficients, from, this.#quantization[component.table]!, samples, 8 * (y * stride + x), stride);
  }

  #finish({ components }: Frame): void {
    for (const component of components) {
      const { blocksAcross, blocksDown, coefficients } = component;
      for (let y = 0; y < blocksDown; y++)
        for (let x = 0; x < blocksAcross; x++) this.#place(component, coefficients!, 64 * (y * blocksAcross + x), y, x);
      component.coefficients = null;
    }
  }
}

/** Above which a stream is taken to be hostile. */
const MAX_SCANS = 1000;

function readFrame(body: Uint8Array, progressive: boolean, check: (frame: Frame, bits: number) => void): Frame {
  const [height, width] = [(body[1] << 8) | body[2], (body[3] << 8) | body[4]];
  const count = body[5];
  if (body.length < 6 + 3 * count || height < 1 || width < 1 || count < 1) throw new Error('a frame that is none');
  const given = Array.from({ length: count }, (_, n) => {
    const [id, sampling, table] = body.subarray(6 + 3 * n);
    return { id, across: sampling >> 4, down: sampling & 15, table };
  });
  const [most, highest] = [Math.max(...given.map(c => c.across)), Math.max(...given.map(c => c.down))];
  if (
    given.some(
      c => c.across < 1 || c.down < 1 || c.table > 3 || most % c.across || highest % c.down || most > 4 || highest > 4
    )
  )
    throw new Error('components whose resolutions are no whole parts of each other');
  const unitsAcross = Math.ceil(width / (8 * most));
  const unitsDown = Math.ceil(height / (8 * highest));
  const components = given.map((c): Component => {
    const [own, ownDown] = [Math.ceil((width * c.across) / most), Math.ceil((height * c.down) / highest)];
    const [blocksAcross, blocksDown] = [unitsAcross * c.across, unitsDown * c.down];
    const plane: SamplePlane = {
      samples: new Uint8Array(0),
      stride: 8 * blocksAcross,
      width: own,
      height: ownDown,
      across: most / c.across,
      down: highest / c.down
    };
    return {
      ...c,
      blocksAcross,
      blocksDown,
      ownAcross: Math.ceil(own / 8),
      ownDown: Math.ceil(ownDown / 8),
      plane,
      coefficients: null
    };
  });
  const frame = { progressive, height, width, components, unitsAcross, unitsDown };
  check(frame, body[0]);
  for (const { blocksAcross, blocksDown, plane } of components)
    plane.samples = new Uint8Array(64 * blocksAcross * blocksDown);
  if (progressive)
    for (const component of components)
      component.coefficients = new Int16Array(64 * component.blocksAcross * component.blocksDown);
  return frame;
}

/** From the YCbCr of JFIF (ITU T.871 section 7) to RGB, in place; in 1/65536, as libjpeg has it. */
function toRgb(pixels: Uint8Array): void {
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const [y, cb, cr] = [pixels[i], pixels[i + 1] - 128, pixels[i + 2] - 128];
    clamped[i] = y + ((91881 * cr + 32768) >> 16);
    clamped[i + 1] = y + ((-22554 * cb - 46802 * cr + 32768) >> 16);
    clamped[i + 2] = y + ((116130 * cb + 32768) >> 16);
  }
}
