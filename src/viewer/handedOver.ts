/** Files that Neuroglancer gets from the page in place of what lies at their addresses. */
const texts = new Map<string, { text: string; owners: number }>();

/** Not everybody encodes the same characters. */
function plain(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** Gives a file its text, the same for all viewers that show it, until the returned function is called. */
export function handOver(url: string, text: string): () => void {
  const key = plain(url);
  texts.set(key, { text, owners: (texts.get(key)?.owners ?? 0) + 1 });
  return () => {
    const present = texts.get(key);
    if (present && --present.owners === 0) texts.delete(key);
  };
}

interface Read {
  response: Response;
  offset: number;
  length: number;
  totalSize: number;
}

/** What is handed over for an address; undefined where the file itself is to be read. */
export function handedOver(url: string): Read | undefined {
  const found = texts.get(plain(url));
  if (!found) return undefined;
  const bytes = new TextEncoder().encode(found.text);
  return { response: new Response(bytes), offset: 0, length: bytes.length, totalSize: bytes.length };
}
