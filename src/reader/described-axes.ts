import { product } from '../model/levels.ts';
import { calibrate, type Calibration, type LengthValue } from './voxel-size/calibration.ts';
import type { Directory } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { parseProperties } from './imagej/imagej.ts';
import { shortly } from './common/shortly.ts';
import { type Stack, channelName, plainStack } from './common/stack.ts';
import { TAG } from './tiff/tags.ts';

/** An axis along which a stack has pages. */
interface PageAxis {
  /** As the description calls it; empty where it has no name. */
  name: string;
  /** Its meaning; `pages` where it is said to be no more than a row of pages, null where that is not understood. */
  is: 'z' | 'c' | 't' | 'pages' | null;
  length: number;
}

/** The axes of a stack as a description by tifffile or SCIFIO (ImageJ2, KNIME) has them. */
export interface DescribedAxes {
  by: 'tifffile' | 'scifio';
  /** As the description has them, for messages. */
  said: string;
  /** Axes of more than one page, the slowest first; null where they cannot be these pages'. */
  axes: PageAxis[] | null;
  /** Whether it names them. */
  isNamed: boolean;
  /** Pages that they are together. */
  pages: number;
  /** Names of channels. */
  channels: string[];
  calibration: Calibration | null;
  /** Warnings for the user: a sentence each. */
  warnings: string[];
}

/** Meanings of tifffile's letters; `I` and `Q` are its words for pages of which it knows nothing. */
const LETTERS: Partial<Record<string, PageAxis['is']>> = { Z: 'z', T: 't', C: 'c', S: 'c', I: 'pages', Q: 'pages' };
const SCIFIO_AXES: Partial<Record<string, PageAxis['is']>> = { z: 'z', time: 't', channel: 'c' };
/** More axes than any stack has. */
const MAX_AXES = 32;

/** Reads one description; null where it is another program's, or says nothing of axes. */
export function readDescribedAxes(text: string, directory: Directory): DescribedAxes | null {
  if (text.startsWith('{"shape":') || text.startsWith('shape=')) return readTifffile(text, directory);
  return text.startsWith('SCIFIO=') ? readScifio(text, directory) : null;
}

const lengths = (directory: Directory): [samples: number, height: number, width: number] => [
  directory.integer(TAG.samplesPerPixel, 1),
  directory.integer(TAG.imageLength, 0),
  directory.integer(TAG.imageWidth, 0)
];

const isLengths = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_AXES && value.every(n => Number.isSafeInteger(n) && n > 0);

/** `{"shape": [3, 5, 20, 30], "axes": "TZYX"}`, and `shape=(3, 5, 20, 30)` as tifffile wrote until 2016. */
function readTifffile(text: string, directory: Directory): DescribedAxes | null {
  let shape: unknown;
  let letters = '';
  let channels: string[] = [];
  if (text.startsWith('shape='))
    shape = /^shape=[([]([\d,\s]*)[)\]]/
      .exec(text)?.[1]
      .split(',')
      .filter(part => part.trim() !== '')
      .map(Number);
  else
    try {
      const json = JSON.parse(text) as { shape: unknown; axes?: unknown; Channel?: { Name?: unknown } };
      shape = json.shape;
      if (typeof json.axes === 'string') letters = json.axes.toUpperCase();
      const names = json.Channel?.Name;
      if (Array.isArray(names)) channels = names.map(String);
    } catch {
      return null;
    }
  if (!isLengths(shape)) return null;
  const [samples, height, width] = lengths(directory);
  const said = `shape ${shape.join(' × ')}${letters === '' ? '' : ` (${letters})`}`;
  const pages = product(shape) / (samples * height * width);
  const described: DescribedAxes = {
    by: 'tifffile',
    said,
    axes: null,
    isNamed: letters.length === shape.length,
    pages,
    channels,
    calibration: null,
    warnings: []
  };
  if (!described.isNamed) {
    // Without names, the last axes are those of a page.
    const own = [samples, height, width].filter((length, i) => i > 0 || length > 1);
    const ends = [own, [height, width, samples]].map(end => end.filter(length => length > 1));
    const long = shape.filter(length => length > 1);
    const end = ends.find(end => end.every((length, i) => length === long.at(i - end.length)));
    if (end)
      described.axes = long
        .slice(0, long.length - end.length)
        .map(length => ({ name: '', is: 'pages' as const, length }));
    return described;
  }
  const all = Array.from(letters, (name, i) => ({ name, length: (shape as number[])[i] }));
  // Samples lie within pages, before or behind their rows and columns.
  const inPage = all.filter(({ name }) => name !== 'S' || samples === 1).slice(-2);
  const [y, x] = inPage;
  if (inPage.map(({ name }) => name).join('') === 'XY')
    described.warnings.push(`Its description names its axes ${letters}: rows are read as y all the same.`);
  else if (y?.name !== 'Y' || x?.name !== 'X') return described;
  if (y.length !== height || x.length !== width) return described;
  described.axes = all
    .filter(axis => axis !== y && axis !== x && axis.length > 1 && (axis.name !== 'S' || samples === 1))
    .map(({ name, length }) => ({ name, is: LETTERS[name] ?? null, length }));
  return described;
}

/**
 * SCIFIO's lines, which are ImageJ's and some more: `axes=X,Y,Channel,Z`, `lengths=30,20,2,5`; the fastest axis is
 * first.
 */
function readScifio(text: string, directory: Directory): DescribedAxes {
  const properties = parseProperties(text);
  const listed = (key: string) => (properties.get(key) ?? '').split(',').map(part => part.trim());
  const names = listed('axes');
  const long = listed('lengths').map(Number);
  const [samples, height, width] = lengths(directory);
  const calibration = scifioCalibration(names, listed('scales'), listed('units'));
  const described: DescribedAxes = {
    by: 'scifio',
    said: `axes ${shortly(names)} of ${shortly(long.map(String))}`,
    axes: null,
    isNamed: true,
    pages: Number(properties.get('images')) || product(long) / (samples * height * width),
    channels: [],
    calibration,
    warnings: []
  };
  if (!properties.has('axes')) {
    // As ImageJ has them.
    const count = (key: string) => Math.max(1, Math.trunc(Number(properties.get(key))) || 1);
    const [c, z, t] = ['channels', 'slices', 'frames'].map(count);
    described.said = `${c} channels, ${z} slices and ${t} frames`;
    described.pages = c * z * t;
    described.axes = [
      { name: 'frames', is: 't' as const, length: t },
      { name: 'slices', is: 'z' as const, length: z },
      { name: 'channels', is: 'c' as const, length: c }
    ].filter(({ length }) => length > 1);
    return described;
  }
  if (names.length !== long.length || !isLengths(long)) return described;
  const all = names.map((name, i) => ({ name, length: long[i] }));
  const isSample = ({ name, length }: { name: string; length: number }) =>
    samples > 1 && /^channel$/i.test(name) && length === samples;
  const x = all.find(({ name }) => name === 'X');
  const y = all.find(({ name }) => name === 'Y');
  const inPage = all.filter(axis => !isSample(axis)).slice(0, 2);
  if (!x || !y || inPage[0] !== x || inPage[1] !== y || x.length !== width || y.length !== height) return described;
  described.axes = all
    .filter(axis => axis !== x && axis !== y && !isSample(axis) && axis.length > 1)
    .map(({ name, length }) => ({ name, is: SCIFIO_AXES[name.toLowerCase()] ?? null, length }))
    .reverse();
  described.pages = product(described.axes.map(({ length }) => length));
  return described;
}

function scifioCalibration(names: string[], scales: string[], units: string[]): Calibration {
  // A list of another length does not say whose each is.
  const along = (list: string[], axis: string) =>
    list.length === names.length ? list[names.indexOf(axis)] : undefined;
  const of = (list: string[]) => ['Z', 'Y', 'X'].map(axis => along(list, axis));
  const lengths = of(scales) as [LengthValue, LengthValue, LengthValue];
  const words = of(units).map(unit => (unit === 'null' ? '' : (unit ?? ''))) as [string, string, string];
  return calibrate(lengths, words, 'scifio', "SCIFIO's description");
}

/**
 * The stack that described axes make of the pages of a file.
 *
 * @throws ConvertError `mixed-pages` for another number of pages, `unsupported` for axes that are not understood
 */
export function readStack(described: DescribedAxes, pages: number, path: string): Stack {
  const { said, axes, channels } = described;
  const warnings = [...described.warnings];
  const save = 'save it again, with axes of T, C, Z, Y and X (tifffile: metadata={"axes": "TCZYX"})';
  const plain = (warning: string | null): Stack => ({
    ...plainStack(pages),
    warnings: warning === null ? warnings : [...warnings, warning]
  });
  if (axes === null) {
    if (pages === 1 || !described.isNamed)
      return plain(
        pages === 1
          ? null
          : `Its description says ${said}, which are not its ${pages} pages of y and x: these are read as slices.`
      );
    throw fail(
      'unsupported',
      path,
      `its description says ${said}, which are not its ${pages} pages of y and x: ${save}`
    );
  }
  const count = product(axes.map(({ length }) => length));
  const isNamed = axes.some(({ is }) => is === 't' || is === 'c');
  // A description for each slice.
  if (count === 1) return plain(null);
  if (count !== pages) {
    if (isNamed || axes.length > 1)
      throw fail(
        'mixed-pages',
        path,
        `its description says ${said}, ${count} pages, but it has ${pages}: save it again`
      );
    return plain(`Its description says ${said}, ${count} pages, but it has ${pages}: all of these are read as slices.`);
  }
  if (!axes.some(({ is }) => is !== 'pages')) {
    if (axes.length < 2) return plain(null);
    return plain(
      `Its description says ${said} and not what these axes are: all ${pages} pages are read as slices, one after another.`
    );
  }
  const own = (is: PageAxis['is']) => axes.filter(axis => axis.is === is);
  const unknown = axes.filter(({ is }) => is === null || is === 'pages');
  if (own('z').length > 1 || own('c').length > 1 || own('t').length > 1 || unknown.length + own('z').length > 1)
    throw fail('unsupported', path, `its description says ${said}, and what these axes are is not understood: ${save}`);
  const z = own('z')[0] ?? unknown[0];
  if (unknown.length > 0)
    warnings.push(
      `Its description says ${said}: the axis ${unknown[0].name}, which is not understood, is read as slices.`
    );
  const [c, t] = [own('c')[0], own('t')[0]];
  const stride = (axis: PageAxis | undefined) =>
    axis ? product(axes.slice(axes.indexOf(axis) + 1).map(({ length }) => length)) : 0;
  const [ofZ, ofC, ofT] = [z, c, t].map(stride);
  const outerShape = { t: t?.length ?? 1, c: c?.length ?? 1 };
  return {
    outerShape,
    depth: z?.length ?? 1,
    page: (time, channel, plane) => time * ofT + channel * ofC + plane * ofZ,
    channels:
      outerShape.c > 1
        ? Array.from({ length: outerShape.c }, (_, n) => ({
            name: (channels.length === outerShape.c && channels[n]) || channelName(n),
            color: null
          }))
        : null,
    timeStep: null,
    warnings
  };
}
