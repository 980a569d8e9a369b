import { basename } from 'node:path';
import { isBucketAddress, shownAddress } from '../../model/address.ts';
import type { Plan, Unfinished } from '../../model/plan.ts';
import type { ConvertResult, Progress } from '../../model/progress.ts';
import type { Statistics } from '../../model/statistics.ts';
import type { CalibrationFunction, VolumeInfo } from '../../model/volume.ts';
import { DEFAULT_OPTIONS } from '../../model/options.ts';
import type {
  OmeZarrInfo,
  OmeZarrLevel,
  PartResult,
  PartsDescription,
  PlannedEntry,
  VerifyResult
} from '../../convert/index.ts';
import { formatBytes } from '../../model/bytes.ts';
import { count } from '../../model/count.ts';
import { shellWord } from '../../model/words.ts';
import { VARIABLE } from '../../remote/stand-ins.ts';
import { LISTED, differing, verdictWord } from '../../protocol/verdict.ts';

const FORMATS: Record<VolumeInfo['format'], string> = {
  tiff: 'TIFF',
  bigtiff: 'BigTIFF',
  imagej: 'ImageJ TIFF',
  slices: 'stack of slices',
  array: 'array'
};

/** Names and values of what is known about a source or an OME-Zarr, in reading order. */
export function infoRows(info: VolumeInfo | OmeZarrInfo): [name: string, value: string][] {
  if (info.format === 'ome-zarr') return storedRows(info);
  return [...sourceRows(info), ...warningRows([...info.warnings, ...info.voxelSizeNotes])];
}

function sourceRows(info: VolumeInfo): [name: string, value: string][] {
  const compression = info.compression
    .split(', ')
    .map(name => (name === 'none' ? 'uncompressed' : `${name} compressed`))
    .join(' or ');
  return [
    ['source', info.source],
    ['format', `${FORMATS[info.format]}, ${count(info.pages, 'page')}, ${formatBytes(info.bytes)}`],
    ['shape', `${times(info.shape)} voxels (${[...info.axes].join(', ')})`],
    ...(info.channels ? [['channels', info.channels.map(({ name }) => name).join(', ')] as [string, string]] : []),
    ['type', `${info.dtype}, ${info.byteOrder === 'mixed' ? 'little- and big' : info.byteOrder}-endian`],
    ['layout', `${info.layout === 'mixed' ? 'strips and tiles' : info.layout}, ${compression}`],
    ['voxel size', voxelSize(info)],
    ...(info.calibrationFunction ? [['values', calibration(info.calibrationFunction)] as [string, string]] : []),
    ...(info.timeStep === null ? [] : [['time step', timeStep(info)] as [string, string]])
  ];
}

function storedRows(info: OmeZarrInfo): [name: string, value: string][] {
  const { axes, shape, channels, labels, levels } = info;
  const row = (name: string, value: string | null): [string, string][] => (value === null ? [] : [[name, value]]);
  const [of] = axes.filter(({ type }) => type === 'time');
  const step = of && levels[0].scale ? levels[0].scale[axes.indexOf(of)] : null;
  return [
    ['source', info.source],
    [
      'format',
      `OME-Zarr ${info.version ?? '(version unknown)'} on Zarr v${info.zarrFormat}, ${count(levels.length, 'level')}` +
        (info.bytes === null || info.files === null
          ? ''
          : `, ${formatBytes(info.bytes)} in ${count(info.files, 'file')}`)
    ],
    ['shape', `${shape ? `${times(shape)} voxels` : 'unknown'} (${axes.map(({ name }) => name).join(', ')})`],
    ...(channels ?? []).map(({ name, color, window, inverted, active }, n): [string, string] => [
      n === 0 ? 'channels' : '',
      [
        name ?? `channel ${n}`,
        ...(color === null ? [] : [color]),
        ...(window ? [`shown from ${short(window.start)} to ${short(window.end)}`] : []),
        ...(inverted ? ['inverted'] : []),
        ...(active === false ? ['hidden at first'] : [])
      ].join(', ')
    ]),
    ['type', `${info.dtype ?? 'unknown'}${info.isLabels ? ', labels' : ''}`],
    ['voxel size', storedVoxelSize(info)],
    ...row('time step', of?.unit && step !== null ? `${step} ${of.unit}` : null),
    ...levels.map((level, k): [string, string] => [k === 0 ? 'levels' : '', `${k}: ${levelText(level)}`]),
    ...row('labels', labels.length > 0 ? labels.join(', ') : null),
    ...row('written by', info.writer),
    ...provenanceRows(info.provenance ?? {}),
    ...warningRows(info.warnings)
  ];
}

/**
 * `112 × 64 × 64 voxels in chunks of 64 × 64 × 64, uint8, blosc-zstd, scale 2 × 2 × 2, translation 0.5 × 0.5 × 0.5, 1.2
 * MiB`
 */
function levelText({ path, shape, chunk, shard, dtype, compression, checksum, ...level }: OmeZarrLevel): string {
  return [
    shape ? `${times(shape)} voxels${chunk ? ` in chunks of ${times(chunk)}` : ''}` : `${path}: cannot be read`,
    ...(shard ? [`shards of ${times(shard)}`] : []),
    ...(dtype ? [dtype] : []),
    ...(compression ? [compression === 'none' ? 'uncompressed' : compression] : []),
    ...(checksum && checksum !== 'none' ? [checksum] : []),
    ...(level.scale ? [`scale ${times(level.scale)}`] : []),
    ...(level.translation ? [`translation ${times(level.translation)}`] : []),
    ...(level.bytes === null ? [] : [formatBytes(level.bytes)])
  ].join(', ');
}

function storedVoxelSize({ voxelSize: lengths, axes, unit, voxelSizeFrom, provenance }: OmeZarrInfo): string {
  if (!lengths) return 'unknown';
  const file = recordOf(provenance?.source).voxelSizeFile;
  const units = axes.flatMap(axis => (axis.type === 'space' ? [axis.unit ?? 'none'] : []));
  const known = unit ?? (new Set(units).size > 1 ? `(units ${units.join(', ')})` : '(unit unknown)');
  const from = typeof file === 'string' ? file : voxelSizeFrom;
  return `${times(lengths.map(length => Number(length.toPrecision(6))))} ${known}${from ? ` (from ${from})` : ''}`;
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** This program's record of how an output came to be; of the options those that are not as they are by default. */
function provenanceRows({ source, options, warnings }: Record<string, unknown>): [name: string, value: string][] {
  const { name, format, bytes, shape, dtype } = recordOf(source);
  const chosen = Object.entries(recordOf(options)).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(recordOf(DEFAULT_OPTIONS)[key])
  );
  const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : `${value as string}`);
  return [
    ...(typeof name === 'string'
      ? [
          [
            'made of',
            [
              name,
              FORMATS[format as VolumeInfo['format']] ?? text(format),
              ...(Array.isArray(shape) ? [`${times(shape as number[])} voxels`] : []),
              ...(typeof dtype === 'string' ? [dtype] : []),
              ...(typeof bytes === 'number' ? [formatBytes(bytes)] : [])
            ].join(', ')
          ] as [string, string]
        ]
      : []),
    ...(chosen.length > 0
      ? [['with', chosen.map(([key, value]) => `${key} ${text(value)}`).join(', ')] as [string, string]]
      : []),
    ...(Array.isArray(warnings) ? warnings : []).map((warning): [string, string] => ['warned of', text(warning)])
  ];
}

/** Expected outcome of each of many sources, and the disk space that all take. */
export function batchRows(entries: readonly PlannedEntry[]): [name: string, value: string][] {
  const plans = entries.flatMap(({ plan }) => plan ?? []);
  const disk = plans.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
  return [
    ...entries.map(({ source, output, plan, error }): [string, string] => [
      basename(shownAddress(source)),
      plan
        ? `${times(plan.levels[0].shape)} voxels, at most ${formatBytes(plan.diskBytes)} → ${plan.output}`
        : (error?.message.replaceAll('\n', '; ') ?? `there already: ${output}`)
    ]),
    ['together', `${count(plans.length, 'volume')}, at most ${formatBytes(disk)}`]
  ];
}

/** Names and values of a plan, its levels included. */
export function planRows(plan: Plan): [name: string, value: string][] {
  const [shapes, chunks, bytes] = [
    align(plan.levels.map(({ shape }) => shape)),
    align(plan.levels.map(level => level.chunks)),
    pad(plan.levels.map(level => formatBytes(level.bytes)))
  ];
  return [
    ...sourceRows(plan),
    ['output', plan.output],
    ...(plan.unfinished ? [['unfinished', unfinishedText(plan.unfinished)] as [string, string]] : []),
    ...plan.levels.map((_, k): [string, string] => [
      k === 0 ? 'levels' : '',
      `${k}: ${shapes[k]} voxels in ${chunks[k]} chunks, ${bytes[k]}`
    ]),
    [
      'size',
      `${formatBytes(plan.uncompressedBytes)} before compression, at most ${formatBytes(plan.diskBytes)} of disk${isBucketAddress(plan.output) ? ' for what waits to be sent' : ''}; ${formatBytes(plan.freeDiskBytes)} free`
    ],
    ['peak memory', `${formatBytes(plan.peakMemoryBytes)} with ${count(plan.workers, 'worker')}`],
    ...warningRows(plan.warnings)
  ];
}

/**
 * Names and values of how a conversion is done in parts, with what is to be run next; `keyed`: an address, as it is
 * shown, whose login or key the parts must be told.
 */
export function partsRows(
  plan: PartsDescription,
  dryRun: boolean,
  keyed: string | null
): [name: string, value: string][] {
  const { parts, partsAsked, partLevel, finish, scan, scanned, converted, finished, output } = plan;
  const bytes = parts.map(part => part.bytes);
  const files = parts.reduce((sum, part) => sum + part.files, finish.files);
  const [least, most] = [Math.min(...bytes), Math.max(...bytes)];
  const each = least === most ? formatBytes(most) : `${formatBytes(least)} to ${formatBytes(most)}`;
  const all = `1 to ${parts.length}`;
  const word = shellWord(output);
  const warnings = plan.warnings;
  const rows = planRows({ ...plan, warnings: [] });
  const nextRows: [string, string][] = [
    ...(scan ? [['next', `microct-io-vis part I ${word} --scan   for each I from ${all}`] as [string, string]] : []),
    [scan ? '' : 'next', `microct-io-vis part I ${word}   for each I from ${all}`],
    ['', `microct-io-vis finish ${word}`]
  ];
  if (keyed !== null)
    nextRows.push(['', `with ${VARIABLE} set to the whole address of ${keyed}, of which the plan keeps no key`]);
  return [
    ...rows,
    [
      'parts',
      `${parts.length}${partsAsked === parts.length ? '' : ` of the ${partsAsked} asked for`}, each reads ${each} and makes levels 0 to ${partLevel}, ` +
        `${count(files, 'file')} together`
    ],
    ['then', `finish reads ${formatBytes(finish.bytes)} back and makes ${count(finish.files, 'file')}`],
    ...(scanned.length > 0 ? [['scanned', `${scanned.length} of ${parts.length}`] as [string, string]] : []),
    ...(converted.length > 0 ? [['converted', `${converted.length} of ${parts.length}`] as [string, string]] : []),
    ...(finished ? [['finished', output] as [string, string]] : []),
    ...warningRows(warnings),
    ...(dryRun || finished ? [] : nextRows)
  ];
}

/** `part 3 of 64 is converted: 1.20 GiB written in 3.2 s` */
export function partText({ part, parts, scan, already, bytesWritten, seconds, warnings }: PartResult): string {
  const what = `part ${part} of ${parts} is ${scan ? 'scanned' : 'converted'}`;
  const how = already
    ? ' already'
    : scan
      ? `, in ${duration(seconds)}`
      : `: ${formatBytes(bytesWritten)} written in ${duration(seconds)}`;
  return [what + how, ...warnings.map(warning => `warning: ${warning}`)].join('\n');
}

function warningRows(warnings: readonly string[]): [name: string, value: string][] {
  return warnings.map(warning => ['warning', warning]);
}

/** Lines of text with the names in a column of their own. */
export function toText(rows: [name: string, value: string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

/** `42 %  1.20 GiB of 2.86 GiB  812 MiB/s  3 s left` */
export function progressText({ doneBytes, totalBytes, bytesPerSecond, secondsLeft }: Progress): string {
  return [
    `${String(percent(doneBytes, totalBytes)).padStart(3)} %`,
    `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    ...(bytesPerSecond > 0 ? [`${formatBytes(bytesPerSecond)}/s`] : []),
    ...(secondsLeft === null ? [] : [`${duration(Math.ceil(secondsLeft))} left`])
  ].join('  ');
}

/** `4 levels, 1.91 GiB written in 3.2 s; values 0 to 65535, shown from 312 to 40211` */
export function resultText(result: ConvertResult & { already?: boolean }): string {
  const { already = false, levels, bytesWritten, seconds, nanVoxels, valueRange, statistics } = result;
  return [
    `${already ? 'finished before: ' : ''}${count(levels, 'level')}, ${formatBytes(bytesWritten)} written in ${duration(seconds)}`,
    ...statistics.flatMap((found, n) => (found ? [valuesText(found, statistics.length > 1 ? n : null)] : [])),
    ...(valueRange ? [`values ${valueRange[0]} to ${valueRange[1]} scaled`] : []),
    ...(nanVoxels > 0 ? [`${count(nanVoxels, 'NaN voxel')} written as 0`] : [])
  ].join('; ');
}

/** A channel's least and greatest value, and those that are shown as black and white. */
function valuesText({ min, max, percentiles }: Statistics, channel: number | null): string {
  const [least, greatest, black, white] = [min, max, percentiles['0.1'], percentiles['99.9']].map(short);
  const of = channel === null ? '' : ` of channel ${channel}`;
  return `values${of} ${least} to ${greatest}, shown from ${black} to ${white}`;
}

const short = (value: number): number => Number(value.toPrecision(7));

/** `OK`, `READABLE` or `DIFFERENT` with what was read, then a line for each difference and for what was not checked. */
export function verdictText(found: VerifyResult): string {
  const { ok, output, against, levels, differences, notes } = found;
  const read = `${count(levels, 'level')}, ${count(found.chunksRead, 'chunk')}, ${formatBytes(found.bytesRead)} read in ${duration(found.seconds)}`;
  const compared = !found.compared
    ? 'nothing compared'
    : `${count(found.voxelsCompared, 'voxel')} compared${against === null ? '' : `, level 0 with ${against}`}`;
  const left = differences.length - LISTED;
  return [
    `${verdictWord(found)}: ${output}: ${read}, ${compared}`,
    ...(ok ? [] : [differing(found)]),
    ...differences.slice(0, LISTED).map(({ message }) => message),
    ...(left > 0 ? ['... and more: see --json'] : []),
    ...notes.map(note => `note: ${note}`)
  ].join('\n');
}

/** `42 % done, last written 2026-11-24 14:12; --resume goes on with it` */
function unfinishedText({ written, doneBytes, totalBytes, refusal }: Unfinished): string {
  const next = refusal === null ? '--resume goes on with it' : `cannot be resumed: ${refusal}`;
  return `${percent(doneBytes, totalBytes)} % done, last written ${minute(written)}; ${next}`;
}

function percent(doneBytes: number, totalBytes: number): number {
  return totalBytes > 0 ? Math.floor((100 * doneBytes) / totalBytes) : 100;
}

/** `2026-11-24 14:12`, by this machine's clock. */
function minute(time: number): string {
  const date = new Date(time);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [month, day] = [date.getMonth() + 1, date.getDate()];
  return `${date.getFullYear()}-${two(month)}-${two(day)} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function voxelSize({ voxelSize, unit, voxelSizeFrom, voxelSizeFile }: VolumeInfo): string {
  if (!voxelSize) {
    return 'unknown';
  }
  const lengths = voxelSize.map(length => Number(length.toPrecision(6)));
  return `${times(lengths)} ${unit ?? '(unit unknown)'}${voxelSizeFrom ? ` (from ${voxelSizeFile ?? voxelSizeFrom})` : ''}`;
}

/** `in HU: c0 + c1 * v (straight line), c0 = -1000, c1 = 0.5; written as they are` */
function calibration({ name, formula, coefficients, unit }: CalibrationFunction): string {
  const known = coefficients.map((value, n) => `, c${n} = ${value}`).join('');
  return name === 'none' ? `in ${unit}` : `in ${unit}: ${formula} (${name})${known}; written as they are`;
}

function timeStep({ timeStep, timeUnit }: VolumeInfo): string {
  return `${timeStep} ${timeUnit ?? '(unit unknown)'}`;
}

/** `0.8 s`, `3 s`, `42 s`, `3 min 20 s`, `2 h 5 min` */
function duration(seconds: number): string {
  if (seconds < 10) {
    return `${Number(seconds.toFixed(1))} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function times(lengths: readonly number[]): string {
  return lengths.join(' × ');
}

function align(rows: readonly (readonly number[])[]): string[] {
  const widths = rows[0].map((_, axis) => Math.max(...rows.map(row => String(row[axis]).length)));
  return rows.map(row => row.map((length, axis) => String(length).padStart(widths[axis])).join(' × '));
}

function pad(texts: string[]): string[] {
  const width = Math.max(...texts.map(text => text.length));
  return texts.map(text => text.padStart(width));
}
