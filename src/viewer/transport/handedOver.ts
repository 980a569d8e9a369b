import { unescaped } from '../../model/address.ts';

/**
 * Files that the page hands to Neuroglancer in place of those at their addresses: without percent-encoding, since not
 * everybody encodes the same characters.
 */
const texts = new Map<string, { text: string }[]>();

/**
 * Gives a file its text until the returned function is called: for all viewers that show it, of which the latest knows
 * the file as it is.
 */
export function handOver(url: string, text: string): () => void {
  const key = unescaped(url);
  const own = { text };
  texts.set(key, [...(texts.get(key) ?? []), own]);
  return () => {
    const left = texts.get(key)?.filter(each => each !== own) ?? [];
    if (left.length > 0) texts.set(key, left);
    else texts.delete(key);
  };
}

/** Whether a viewer has given a file its text. */
export const isHandedOver = (url: string): boolean => texts.has(unescaped(url));

/** The same for files that are being read already: each is taken once, and read anew when it is asked for again. */
const ahead = new Map<string, Promise<Uint8Array<ArrayBuffer> | null>>();

/** Keeps a file ready for Neuroglancer, which asks for it later, until the returned function is called. */
export function readAhead(url: string, reading: Promise<Uint8Array<ArrayBuffer> | null>): () => void {
  const key = unescaped(url);
  const file = reading.catch(() => null);
  ahead.set(key, file);
  return () => {
    if (ahead.get(key) === file) ahead.delete(key);
  };
}

interface Read {
  response: Response;
  offset: number;
  length: number;
  totalSize: number;
}

/** File handed over for an address; undefined where the file itself is to be read. */
export async function handedOver(url: string): Promise<Read | undefined> {
  const key = unescaped(url);
  const { text } = texts.get(key)?.at(-1) ?? {};
  const reading = ahead.get(key);
  ahead.delete(key);
  const bytes = text === undefined ? await reading : new TextEncoder().encode(text);
  if (!bytes) return undefined;
  return { response: new Response(bytes), offset: 0, length: bytes.length, totalSize: bytes.length };
}
