import { basename, dirname, resolve, sep } from 'node:path';
import { readable } from '../model/readable.ts';
import { type ConvertOptions, withDefaults } from '../model/options.ts';
import type { Prepared } from './prepare.ts';
import type { Statistics } from '../model/statistics.ts';
import { isAddress } from '../model/address.ts';
import { type ConversionSource, isSent, sourceName, sourcePaths } from '../model/source-layout.ts';
import { VERSION } from '../model/version.ts';
import type { CalibrationFunction, Dtype } from '../model/volume.ts';
import { COMMAND_LINE, inWords } from '../model/words.ts';

const TOP: Partial<Record<Dtype, number>> = { uint8: 255, uint16: 65535 };

/** Options that do not decide what is written, or say where: outputs must not differ by them. */
const NOT_RECORDED: (keyof ConvertOptions)[] = ['output', 'maxMemory', 'jobs', 'overwrite', 'resume'];

/** Facts that became known while converting. */
interface Measured {
  /** Source values that became the ends of the integer type. */
  range: [number, number] | null;
  /** See `headerHash`; null of what is no file. */
  headerSha256: string | null;
  statistics: (Statistics | null)[];
}

/**
 * An output's provenance, under the program's own name: which source it was made of, with what, how to get the source's
 * values back, and what these mean. Nothing in it depends on the machine, its paths, or how the work was done.
 */
export function provenance(prepared: Prepared, source: ConversionSource, found: Measured): Record<string, unknown> {
  const { settings, levels, info, layout, record, options, plan, passing } = prepared;
  const { dtype, start, shape, chunk, shard, downsample, compression, checksum, offset } = settings;
  const scaling = found.range && scalingOf(dtype, found.range);
  return {
    version: VERSION,
    source: {
      name: readable(nameOf(source)),
      files: record.source.files,
      bytes: record.source.bytes,
      headerSha256: found.headerSha256,
      format: info.format,
      axes: info.axes,
      shape: info.shape,
      dtype: info.dtype,
      ...(layout.kind === 'segments' && layout.signedOffset && { signedOffset: -32768 }),
      ...(layout.kind === 'segments' && layout.packing.inverted && { inverted: true }),
      ...(info.position && { position: info.position }),
      voxelSizeFrom: settings.voxelSizeFrom,
      voxelSizeFile: settings.voxelSizeFile,
      ...(settings.slices !== null && { slices: settings.slices })
    },
    options: recorded(options),
    roi: start.flatMap((from, axis) => [from, from + shape[axis]]),
    ...(settings.parent && { offset }),
    dtype,
    chunkSize: chunk,
    ...(shard && { shard }),
    levels: levels.length,
    downsample,
    compression,
    ...(checksum !== 'none' && { checksum }),
    scaling,
    calibration: info.calibrationFunction && calibrationOf(info.calibrationFunction, scaling),
    warnings: withoutPaths(
      plan.warnings.filter(warning => !passing.has(warning)),
      [settings.output, ...(settings.parent ? [settings.parent.path] : []), ...sourcePaths(source)]
    ),
    statistics: found.statistics
  };
}

/** A file's name, or an address without what is secret in it. */
function nameOf(source: ConversionSource): string {
  const name = sourceName(source);
  return isSent(source) || isAddress(name) ? name : basename(resolve(name));
}

/** Warnings in the words of the command line, whoever was told them; of a path the name alone. */
function withoutPaths(warnings: string[], paths: string[]): string[] {
  const folders = new Set(paths.flatMap(path => [dirname(path), dirname(resolve(path))]));
  const prefixes = [...folders].filter(folder => folder !== '.').map(folder => folder.replace(/[\\/]*$/, sep));
  return inWords(warnings, COMMAND_LINE).map(warning =>
    prefixes.reduce((text, prefix) => text.replaceAll(prefix, ''), warning)
  );
}

/** Every option that decides what is written, also where it was left to its default; of a path the name alone. */
function recorded(given: Partial<ConvertOptions>): Record<string, unknown> {
  const { parent, ...others } = withDefaults(given);
  const options = { ...others, parent: parent && basename(resolve(parent)) };
  return Object.fromEntries(Object.entries(options).filter(([name]) => !NOT_RECORDED.includes(name as never)));
}

const scalingOf = (dtype: Dtype, [min, max]: [number, number]) => ({
  valueRange: [min, max],
  slope: (max - min) / TOP[dtype]!,
  intercept: min,
  formula: 'source value = slope * stored value + intercept'
});

/** A calibration of the source's values; of a straight line also that of the stored ones. */
function calibrationOf(
  { name, number, formula, coefficients, unit, zeroClip }: CalibrationFunction,
  scaling: { slope: number; intercept: number } | null
): Record<string, unknown> {
  const { slope, intercept } = scaling ?? { slope: 1, intercept: 0 };
  const [c0, c1] = coefficients;
  return {
    function: name,
    number,
    coefficients,
    formula: `calibrated value = ${formula}, where v is the source value`,
    zeroClip,
    unit,
    ...(number === 0 && {
      ofStored: {
        slope: c1 * slope,
        intercept: c0 + c1 * intercept,
        formula: 'calibrated value = slope * stored value + intercept'
      }
    })
  };
}
