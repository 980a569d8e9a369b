import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** https://jupyter-client.readthedocs.io/en/stable/messaging.html */
export const PROTOCOL_VERSION = '5.4';

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export type Content = Record<string, unknown>;

/** The message that another one answers: its header, and the JSON of it, which answers hand back as it came. */
export interface Parent {
  header: Header;
  json: string;
}

export interface Message extends Parent {
  /** Who sent it, as the ROUTER socket wants it back. */
  identities: Buffer[];
  content: Content;
  buffers: Buffer[];
}

export const isRecord = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Most bytes of a header: each answer has it in it. */
const MOST_HEADER = 2 ** 16;

/** All clients are sent the headers of all: one that nests deep would break the readers of some. */
const isFlat = (header: unknown): header is Content =>
  isRecord(header) && Object.values(header).every(value => typeof value !== 'object' || value === null);

const DELIMITER = Buffer.from('<IDS|MSG>');
const SESSION = randomUUID();

/** Signs and writes messages, and reads those whose signature is right. */
export class Codec {
  readonly #key: string;

  /** @param scheme `hmac-sha256` and the like @param key empty for no signatures */
  constructor(scheme: string, key: string) {
    this.#key = key;
    if (key !== '' && scheme !== 'hmac-sha256') {
      throw new Error(`The connection file asks for ${scheme} signatures; only hmac-sha256 is known.`);
    }
  }

  /** The frames of a message. `parent` is what it answers, null for nothing in particular. */
  encode(
    type: string,
    content: object,
    parent: Parent | null,
    identities: readonly Buffer[],
    buffers: readonly Uint8Array[] = []
  ): Uint8Array[] {
    const header: Header = {
      msg_id: randomUUID(),
      msg_type: type,
      session: SESSION,
      username: 'kernel',
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION
    };
    const json = [JSON.stringify(header), parent?.json ?? '{}', '{}', JSON.stringify(content)];
    const parts = json.map(part => Buffer.from(part));
    return [...identities, DELIMITER, Buffer.from(this.#sign(parts)), ...parts, ...buffers];
  }

  /** The message of some frames; null when they are none of ours: incomplete, or signed with another key. */
  decode(frames: readonly Buffer[]): Message | null {
    const at = frames.findIndex(frame => frame.equals(DELIMITER));
    const parts = frames.slice(at + 2, at + 6);
    if (at < 0 || parts.length < 4 || parts[0].length > MOST_HEADER) {
      return null;
    }
    const [found, expected] = [frames[at + 1], Buffer.from(this.#sign(parts))];
    if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
      return null;
    }
    try {
      const json = parts.map(part => part.toString('utf8'));
      const [header, , , content] = json.map(part => JSON.parse(part) as unknown);
      if (!isFlat(header) || typeof header.msg_type !== 'string' || !isRecord(content)) {
        return null;
      }
      return {
        identities: frames.slice(0, at),
        header: header as unknown as Header,
        json: json[0],
        content,
        buffers: frames.slice(at + 6)
      };
    } catch {
      return null;
    }
  }

  #sign(parts: readonly Buffer[]): string {
    if (this.#key === '') {
      return '';
    }
    const hmac = createHmac('sha256', this.#key);
    parts.forEach(part => hmac.update(part));
    return hmac.digest('hex');
  }
}
