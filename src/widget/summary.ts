import { baseName, describeProgress, factsOf } from '../form/index.ts';
import type { ConverterModel } from './converterModel.ts';
import { DEFAULT_TRAITS } from './options.ts';

/** State of a `ConverterWidget` as HTML for where no widget is shown: a row for each fact. */
export function summaryOf({ source, options, state, result, failure, progress }: ConverterModel): string {
  const rows: [string, string][] = [['Source', [source].flat().map(baseName).join(', ') || 'none']];
  for (const [name, standard] of Object.entries({ ...DEFAULT_TRAITS, each: null })) {
    const value = options[name as keyof typeof options];
    if (value !== standard) rows.push([name, [value].flat().join(', ')]);
  }
  const written = result && (result.results ?? [{ ...result, output: result.output ?? '' }]);
  written?.forEach(each => rows.push(['Written', `${baseName(each.output)}: ${factsOf(each)}`]));
  result?.leftOut?.forEach(each => rows.push(['Left out', each.message]));
  if (failure) rows.push([state === 'cancelled' ? 'Cancelled' : 'Failed', failure.message]);
  if (state === 'running') rows.push(['Running', progress ? describeProgress(progress) : 'Starting…']);
  if (state === 'idle') rows.push(['State', 'not started']);
  const cells = rows.map(([name, text]) => `<tr><th>${escaped(name)}</th><td>${escaped(text)}</td></tr>`);
  return `<table><caption>Conversion to OME-Zarr</caption><tbody>${cells.join('')}</tbody></table>`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
