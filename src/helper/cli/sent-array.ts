import { readSync } from 'node:fs';
import { ConvertError, DTYPES, type SentArray } from '../../convert/index.ts';

const STDIN = 0;
/** Bytes of the line that describes the array. */
const MOST = 65536;
const AXES: SentArray['axes'][] = ['zyx', 'czyx', 'tzyx', 'tczyx'];

/**
 * An array from standard input: a line of JSON (`name`, `axes`, `shape`, `dtype`, `level`, and of its voxels `lengths`
 * and `units` along Z, Y and X), then the voxels in C order, little-endian, and nothing more. An end anywhere but
 * behind the last voxel says that something went wrong.
 *
 * @throws ConvertError where the line is not there, or says something else
 */
export function readSentArray(): SentArray {
  const { name = 'standard input', axes = 'zyx', shape, dtype, level = 0, lengths, units } = described(readLine());
  const isLength = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) > 0;
  const isKnown =
    AXES.includes(axes as never) &&
    DTYPES.includes(dtype as never) &&
    typeof name === 'string' &&
    Number.isSafeInteger(level);
  if (!isKnown || !Array.isArray(shape) || shape.length !== (axes as string).length || !shape.every(isLength))
    throw bad(
      `it describes an array with the axes ${axes}, the shape ${JSON.stringify(shape)} and the type ${dtype}, where axes out of ${AXES.join(', ')}, ` +
        `as many lengths from 1 up, and a type out of ${DTYPES.join(', ')} were expected`
    );
  const said = isThree(lengths) && isThree(units) ? { lengths, units: units.map(String) } : null;
  return { name, axes, shape, dtype, level, said, descriptor: STDIN } as SentArray;
}

const isThree = (found: unknown): found is unknown[] => Array.isArray(found) && found.length === 3;

function described(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw bad('its first line is no JSON, where that was expected to describe the array that follows');
  }
}

/** Bytes up to the first line feed, and none of those behind it. */
function readLine(): string {
  const line = Buffer.alloc(MOST);
  for (let length = 0; length < MOST; length++) {
    if (readSync(STDIN, line, length, 1, null) === 0 || line[length] === 10) return line.toString('utf8', 0, length);
  }
  return '';
}

const bad = (said: string): ConvertError => new ConvertError('bad-option', `standard input: ${said}`, 'source');
