import { atOnce } from '../../model/at-once.ts';
import type { RemoteState } from '../../model/layout.ts';
import type { RemoteFile } from '../../remote/remote-file.ts';

/** Part of a file. */
export interface Range {
  position: number;
  length: number;
}

/** Thrown where bytes are wanted at once that have not been brought. */
export class Absent extends Error {
  override readonly name = 'Absent';
  readonly range: Range;

  constructor(range: Range) {
    super(`bytes ${range.position} to ${range.position + range.length - 1} have not been brought`);
    this.range = range;
  }
}

/** Most bytes between two parts that are brought along with them. */
const GAP = 16 << 10;
/** Most bytes of a request. */
const PIECE = 1 << 20;

/** Bytes of a file, and where they are in it. */
export interface FilePiece {
  position: number;
  bytes: Uint8Array;
}

interface Piece extends FilePiece {
  /** Greater for what was brought later. */
  round: number;
}

/** Parts of a remote file that were brought before they are read, so that those who read need not wait. */
export class Brought {
  readonly state: RemoteState;
  readonly #file: RemoteFile;
  readonly #atOnce: number;
  readonly #most: number;
  /** By position; none overlaps another. */
  #pieces: Piece[] = [];
  #bytes = 0;
  #round = 0;
  #missed: Range | null = null;
  #noted: Range[] = [];

  /**
   * @param atOnce requests that are on their way at a time
   * @param most bytes that are kept, about: above that, what was brought first goes, down to half of them
   */
  constructor(file: RemoteFile, state: RemoteState, atOnce: number, most: number) {
    this.#file = file;
    this.state = state;
    this.#atOnce = atOnce;
    this.#most = most;
  }

  close(): void {
    this.clear();
    this.#file.close();
  }

  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** Takes pieces that were brought otherwise; they must not overlap. */
  add(pieces: readonly FilePiece[]): void {
    const added = pieces.map(({ position, bytes }) => ({ position, bytes, round: this.#round }));
    this.#pieces = [...this.#pieces, ...added].sort((a, b) => a.position - b.position);
    this.#bytes += bytesOf(added);
  }

  /** Hears what is read, of which `read` tells. */
  note(position: number, length: number): void {
    const last = this.#noted.at(-1);
    if (last && position >= last.position && position <= last.position + last.length)
      last.length = Math.max(last.length, position + length - last.position);
    else this.#noted.push({ position, length });
  }

  forgetNotes(): void {
    this.#noted = [];
  }

  /** What was read, and is still there, by position. */
  read(): FilePiece[] {
    return joined(this.#noted, this.state.size, 0).flatMap(({ position, length }) => {
      const bytes = new Uint8Array(length);
      try {
        this.copy(bytes, 0, length, position);
        return [{ position, bytes }];
      } catch {
        return [];
      }
    });
  }

  /** Brings those bytes of `ranges` that are not there yet, as far as the file has them. @throws ConvertError */
  async bring(ranges: readonly Range[]): Promise<void> {
    const wanted = this.#absent(joined(ranges, this.state.size));
    if (wanted.length === 0) return;
    this.#round++;
    const ending = new AbortController();
    const found: Piece[] = [];
    await atOnce(this.#atOnce, wanted, async ({ position, length }) => {
      try {
        const bytes = await this.#file.read(this.state, position, length, ending.signal);
        found.push({ position, bytes, round: this.#round });
      } catch (error) {
        // Nobody waits for the others then.
        ending.abort();
        throw error;
      }
    });
    if (this.#bytes > this.#most) this.#forget();
    this.#pieces = [...this.#pieces, ...found].sort((a, b) => a.position - b.position);
    this.#bytes += bytesOf(found);
  }

  /** Forgets older pieces beyond half of the most bytes: a reader must find those that were just brought for it. */
  #forget(): void {
    this.#pieces.sort((a, b) => b.round - a.round);
    let kept = 0;
    this.#pieces = this.#pieces.filter(({ bytes }) => (kept += bytes.length) <= this.#most / 2);
    this.#bytes = bytesOf(this.#pieces);
  }

  /** The last range that was wanted and not there, since the last call. */
  takeMissed(): Range | null {
    const missed = this.#missed;
    this.#missed = null;
    return missed;
  }

  /** The piece that holds all of a range; null where none does. */
  piece(position: number, length: number): { position: number; bytes: Uint8Array } | null {
    const piece = this.#pieces[this.#last(position)];
    return piece && position + length <= endOf(piece) ? piece : null;
  }

  /** Copies `length` bytes at `position` to `at` of `target`. @throws Absent */
  copy(target: Uint8Array, at: number, length: number, position: number): void {
    for (let n = this.#last(position), done = 0; done < length; n++) {
      const piece = this.#pieces[n];
      const from = position + done;
      if (!piece || piece.position > from || endOf(piece) <= from) {
        this.#missed = { position, length };
        throw new Absent(this.#missed);
      }
      const start = from - piece.position;
      const bytes = piece.bytes.subarray(start, start + length - done);
      target.set(bytes, at + done);
      done += bytes.length;
    }
  }

  /** Whether bytes up to `position` were brought, so that what follows is a reading on. */
  endsAt(position: number): boolean {
    const piece = this.#pieces[this.#last(position - 1)];
    return piece !== undefined && endOf(piece) === position;
  }

  /** Index of the last piece that begins at `position` or before; -1: none. */
  #last(position: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pieces[middle].position <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Pieces to request for the bytes of ranges, sorted by position, that are not there. */
  #absent(ranges: readonly Range[]): Range[] {
    const found: Range[] = [];
    for (const { position, length } of ranges) {
      const end = position + length;
      let at = position;
      for (let n = Math.max(0, this.#last(position)); at < end; n++) {
        const piece: Piece | undefined = this.#pieces[n];
        const until = piece ? Math.min(piece.position, end) : end;
        for (; at < until; at += PIECE) found.push({ position: at, length: Math.min(PIECE, until - at) });
        at = Math.max(Math.min(at, until), position, piece ? endOf(piece) : end);
      }
    }
    return found;
  }
}

const bytesOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
const endOf = ({ position, bytes }: Piece): number => position + bytes.length;

/** Ranges by position, those that touch, or have no more than `gap` between them, as one. */
function joined(ranges: readonly Range[], size: number, gap = GAP): Range[] {
  const found: Range[] = [];
  for (const { position, length } of [...ranges].sort((a, b) => a.position - b.position)) {
    const end = Math.min(position + length, size);
    if (position < 0 || end <= position) continue;
    const last = found.at(-1);
    if (last && position - (last.position + last.length) <= gap)
      last.length = Math.max(last.length, end - last.position);
    else found.push({ position, length: end - position });
  }
  return found;
}
