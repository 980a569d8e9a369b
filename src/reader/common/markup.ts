import { isUtf8 } from 'node:buffer';
import { Bytes } from './bytes.ts';

const [LT, GT, SLASH, BANG, QUESTION, DOUBLE, SINGLE, DASH, OPEN, CLOSE] = Buffer.from('<>/!?"\'-[]');
/** Characters of a tag that is wanted, or of a text. */
const LONGEST = 1 << 15;
/** Deepest nesting of elements. */
const DEEPEST = 64;

/**
 * Which elements are wanted, by their names without a prefix and their parents' (undefined: the root), and the text of
 * which.
 */
export interface MarkupSelection {
  element: (name: string, parent: string | undefined) => boolean;
  text: (name: string) => boolean;
}

/**
 * The wanted parts of an XML document, tag by tag. All else (annotations, comments), however much it is, is passed over
 * without being held: a parser that is given these parts needs memory for them alone.
 *
 * @throws Error for a tag or text that is too long, and for elements too deep in one another
 */
export function* wantedMarkup(bytes: Bytes, wanted: MarkupSelection): Generator<string> {
  const within: string[] = [];
  let skipped = 0;
  for (;;) {
    if (skipped === 0 && within.length > 0 && wanted.text(within.at(-1)!)) {
      const text = collect(bytes, LT, 'a text');
      if (text !== '') yield text;
    } else if (!bytes.skip(LT)) return;
    const first = bytes.next();
    if (first === BANG) skipDeclaration(bytes);
    else if (first === QUESTION) skipBehind(bytes, QUESTION, 1);
    else if (first === SLASH) {
      if (skipped > 0) {
        bytes.skip(GT);
        skipped--;
        continue;
      }
      yield `</${collect(bytes, GT, 'a tag')}>`;
      within.pop();
      if (within.length === 0) return;
    } else if (first < 0) return;
    else {
      let end = first;
      let length = 0;
      for (; end > 32 && end !== GT && end !== SLASH; end = bytes.next())
        if (skipped === 0) {
          if (length === LONGEST) throw tooLong('a name');
          room[length++] = end;
        }
      const text = decode(length);
      const local = text.slice(text.indexOf(':') + 1);
      if (skipped > 0 || !wanted.element(local, within.at(-1))) {
        if (!skipTag(bytes, end)) skipped++;
        if (within.length === 0 && skipped === 0) return;
      } else {
        const tag = `<${text}${collectTag(bytes, end)}`;
        yield tag;
        if (!tag.endsWith('/>')) within.push(local);
        else if (within.length === 0) return;
      }
      if (within.length + skipped > DEEPEST) throw new Error(`it has elements ${within.length + skipped} deep`);
    }
  }
}

/** The name of a document's outermost element, without its prefix; null where it is no XML. */
export function rootName(pieces: Iterable<Uint8Array>): string | null {
  let root: string | null = null;
  try {
    const element = (name: string): boolean => {
      root = name;
      return true;
    };
    wantedMarkup(new Bytes(pieces), { element, text: () => false }).next();
  } catch {
    // Its faults are reported when it is read.
  }
  return root;
}

const tooLong = (what: string) => new Error(`${what} in it is longer than ${LONGEST} characters`);

/** Holds what is collected. */
const room = Buffer.alloc(LONGEST);

/** The first bytes of `room`: UTF-8 by the letter, Latin-1 where it cannot be that. */
function decode(length: number): string {
  const bytes = room.subarray(0, length);
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

/** All before a byte, which is skipped. */
function collect(bytes: Bytes, end: number, what: string): string {
  let length = 0;
  for (let byte = bytes.next(); byte >= 0 && byte !== end; byte = bytes.next()) {
    if (length === LONGEST) throw tooLong(what);
    room[length++] = byte;
  }
  return decode(length);
}

/** The rest of a tag from `byte` on, which is its last before the document ends where that is. */
function collectTag(bytes: Bytes, byte: number): string {
  let length = 0;
  let quote = 0;
  for (; byte >= 0; byte = bytes.next()) {
    if (length === LONGEST) throw tooLong('a tag');
    room[length++] = byte;
    if (quote !== 0) quote = byte === quote ? 0 : quote;
    else if (byte === DOUBLE || byte === SINGLE) quote = byte;
    else if (byte === GT) break;
  }
  return decode(length);
}

/** Whether the element of a tag, of which all before `byte` is read, ends with it. */
function skipTag(bytes: Bytes, byte: number): boolean {
  let before = 0;
  for (; byte >= 0 && byte !== GT; byte = bytes.next()) {
    before = byte;
    if (byte === DOUBLE || byte === SINGLE) bytes.skip(byte);
  }
  return before === SLASH;
}

/** Skips a comment, a CDATA section, or the declaration of a document's type. */
function skipDeclaration(bytes: Bytes): void {
  const first = bytes.next();
  if (first === DASH) {
    bytes.next();
    return skipBehind(bytes, DASH, 2);
  }
  if (first === OPEN) return skipBehind(bytes, CLOSE, 2);
  let depth = 0;
  for (let byte = first; byte >= 0 && (byte !== GT || depth > 0); byte = bytes.next()) {
    if (byte === OPEN) depth++;
    else if (byte === CLOSE) depth--;
    else if (byte === DOUBLE || byte === SINGLE) bytes.skip(byte);
  }
}

/** Skips `>` behind at least `count` of a byte. */
function skipBehind(bytes: Bytes, mark: number, count: number): void {
  let found = 0;
  for (let byte = bytes.next(); byte >= 0; byte = bytes.next()) {
    if (byte === GT && found >= count) return;
    found = byte === mark ? found + 1 : 0;
  }
}
