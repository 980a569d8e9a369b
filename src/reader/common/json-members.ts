import { Bytes } from './bytes.ts';

const [QUOTE, ESCAPE, OPEN, OPEN_LIST, CLOSE, CLOSE_LIST, COMMA] = Buffer.from('"\\{[}],');
/** Deepest nesting of brackets, each of which takes a hundred times its length to parse. */
const DEEPEST = 64;

/**
 * Of a JSON object, however long it is, the members with some names, as an object again; the others are passed over.
 * Text that is not JSON gives text that is not JSON either.
 *
 * @returns null where a wanted member has more than `most` bytes, or lists in lists in lists
 */
export function pickMembers(pieces: Iterable<Uint8Array>, names: readonly string[], most: number): string | null {
  const bytes = new Bytes(pieces);
  const picked: string[] = [];
  let end = bytes.next();
  if (end !== OPEN) return '';
  do {
    if (!bytes.skip(QUOTE)) break;
    const key: number[] = [];
    for (let byte = bytes.next(); byte >= 0 && byte !== QUOTE; byte = bytes.next()) {
      if (byte === ESCAPE) bytes.next();
      if (key.length < most) key.push(byte);
    }
    const name = Buffer.from(key).toString('latin1');
    const wanted = names.includes(name);
    const value: number[] = [];
    let depth = 0;
    let quoted = false;
    for (end = bytes.next(); end >= 0; end = bytes.next()) {
      if (depth === 0 && !quoted && (end === COMMA || end === CLOSE)) break;
      if (wanted && value.push(end) > most) return null;
      if (end === ESCAPE && quoted) {
        const escaped = bytes.next();
        if (wanted) value.push(escaped);
      } else if (end === QUOTE) quoted = !quoted;
      else if (quoted) continue;
      else if (end === OPEN || end === OPEN_LIST) {
        if (++depth > DEEPEST && wanted) return null;
      } else if (end === CLOSE || end === CLOSE_LIST) depth--;
    }
    if (wanted) picked.push(`"${name}"${Buffer.from(value).toString('utf8')}`);
  } while (end === COMMA);
  return end === CLOSE ? `{${picked.join()}}` : `{${picked.join()}`;
}
