import { isUtf8 } from 'node:buffer';
import type { DescribedBy } from '../model/options.ts';
import type { Directory } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { FAR, type HeaderBytes } from './common/header-bytes.ts';
import { pickMembers } from './common/json-members.ts';
import { rootName } from './common/markup.ts';

/** Bytes of a description that is read in pieces. */
const MAX_BYTES = 1 << 28;
const PIECE = 1 << 16;

/**
 * How other programs' descriptions begin that are read whole: in lines, of so many bytes at most. Of all others the
 * beginning is enough.
 */
const KINDS: [start: string, by: Describer, program: string][] = [
  ['shape=', 'tifffile', 'tifffile'],
  ['ImageJ=', 'imagej', 'ImageJ'],
  ['SCIFIO=', 'scifio', 'SCIFIO']
];
const MAX_LINES = 1 << 20;

/** tifffile's, to which its users add what they like, and what is read of it. */
const TIFFFILE = '{"shape":';
const MEMBERS = ['shape', 'axes', 'Channel', 'spacing', 'unit', 'truncated'];
const MAX_MEMBER = 1 << 18;

/** Gives a text's bytes in pieces, as often as it is asked for. */
export type Pieces = () => Iterable<Buffer>;

/** The descriptions of a page, of which some programs write several. */
export interface Descriptions {
  /** At least one, which may be empty. */
  texts: string[];
  /** The first that is OME-XML, while its file is open. */
  ome: Pieces | null;
  /** Others that are. */
  moreOme: Pieces[];
}

/** Descriptions that have been read of a file. */
interface Read {
  /** Places of the last page's descriptions in the file. */
  key: string;
  found: Descriptions;
  /** Bytes of the descriptions of all pages together. */
  bytes: number;
}

/** Bytes of descriptions that are read of any file, however often its pages share one. */
const AT_LEAST = 1 << 24;

const READ = new WeakMap<HeaderBytes, Read>();

/** The programs that describe stacks, as `ConvertOptions.describedBy` names them. */
export type Describer = Exclude<DescribedBy, 'auto' | 'none'>;

/** The program that wrote a text; null for one that says nothing of a stack. */
const describerOf = (text: string): Describer | null =>
  text.startsWith(TIFFFILE) ? 'tifffile' : (KINDS.find(([start]) => text.startsWith(start))?.[1] ?? null);

/**
 * Reads the descriptions of a page.
 *
 * @param wanted those of other programs are not there
 * @throws ConvertError `truncated`; `unsupported` for one that is longer than its program writes; `corrupt` where those
 *   of all pages are more than the file
 */
export function readDescriptions(directory: Directory, wanted: DescribedBy): Descriptions {
  const found = readAll(directory);
  if (wanted === 'auto') return found;
  const texts = found.texts.filter(text => [null, wanted].includes(describerOf(text)));
  const isOme = wanted === 'ome';
  return {
    texts: texts.length > 0 ? texts : [''],
    ome: isOme ? found.ome : null,
    moreOme: isOme ? found.moreOme : []
  };
}

function readAll(directory: Directory): Descriptions {
  const { file } = directory;
  const places = directory.descriptions();
  const key = places.map(({ at, length }) => `${at}:${length}`).join();
  const last = READ.get(file);
  if (last?.key === key) return last.found;
  const read: Read = { key, found: { texts: [], ome: null, moreOme: [] }, bytes: last?.bytes ?? 0 };
  let page = 0;
  for (const { at, length } of places) {
    const text = readText(directory, at, length, page);
    const ome = () => pieces(file, at, length, file.path);
    if (text !== null) read.found.texts.push(text);
    else if (read.found.ome) read.found.moreOme.push(ome);
    else read.found.ome = ome;
    page += text?.length ?? 0;
    read.bytes += text?.length === FAR ? FAR : length;
  }
  if (read.bytes > Math.max(file.size, AT_LEAST))
    throw fail(
      'corrupt',
      file.path,
      `the descriptions of its pages up to ${directory.number} are ${read.bytes} bytes, more than the file: export it again`
    );
  if (read.found.texts.length === 0) read.found.texts.push('');
  READ.set(file, read);
  return read.found;
}

/** A description that is a file; null where it is no OME-XML. */
export const readOmeFile = (file: HeaderBytes): Pieces | null => {
  if (file.size > MAX_BYTES) throw tooLong(file.path, file.size);
  const all = () => pieces(file, 0, file.size, file.path);
  return rootName(all()) === 'OME' ? all : null;
};

/** A text as far as it is of use, null where it is OME-XML. `before`: characters of the page's others. */
function readText(directory: Directory, at: number, length: number, before: number): string | null {
  const { file, number } = directory;
  const start = upToZero(file.bytes(at, Math.min(length, FAR))!);
  const text = decode(start);
  if (/^\s*</.test(text) && rootName(pieces(file, at, length, file.path)) === 'OME') return null;
  if (start.length < FAR) return text;
  const long = (of: string) =>
    fail(
      'unsupported',
      file.path,
      `the description of its page ${number} has ${length} bytes, which is more than ${of}: save it again with less metadata`
    );
  if (text.startsWith(TIFFFILE)) {
    const members = pickMembers(pieces(file, at, length, file.path), MEMBERS, MAX_MEMBER);
    if (members === null) throw long(`was expected of the ${MEMBERS.slice(0, 3).join(', ')} … of tifffile`);
    return members;
  }
  const program = KINDS.find(([start]) => text.startsWith(start))?.[2];
  if (program === undefined) return text;
  const whole = upToZero(file.bytes(at, Math.min(length, MAX_LINES + 1))!);
  if (whole.length + before > MAX_LINES) throw long(`the ${MAX_LINES} that were expected of ${program}`);
  return decode(whole);
}

/** ASCII by the letter of TIFF 6.0; UTF-8 or Latin-1 in practice. */
function decode(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

function upToZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const tooLong = (path: string, length: number) =>
  fail(
    'unsupported',
    path,
    `its description has ${length} bytes, where at most ${MAX_BYTES} were expected: save it again with less metadata`
  );

/** @throws ConvertError `unsupported` where there are too many */
function* pieces(file: HeaderBytes, at: number, length: number, path: string): Generator<Buffer> {
  for (let done = 0; done < length; done += PIECE) {
    if (done >= MAX_BYTES) throw tooLong(path, length);
    const piece = file.bytes(at + done, Math.min(PIECE, length - done))!;
    const text = upToZero(piece);
    yield text;
    if (text.length < piece.length) return;
  }
}
