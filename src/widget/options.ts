import { defaultOutputName } from '../form/output.ts';
import { type FormValues, toValues } from '../form/values.ts';
import { ENGINE_OPTIONS, type EngineOptionSpec } from '../model/option-table.ts';
import type { ConvertOptions, Source } from '../protocol/index.ts';

type TraitName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}_${TraitName<Rest>}`
  : Name;

/**
 * The options as the traits of `ConverterWidget` have them: the command line's names, null for the default, and for a
 * decision that nobody has made.
 */
export type OptionTraits = {
  [O in EngineOptionSpec as TraitName<O['name']>]: O['kind'] extends 'flag' ? boolean : ConvertOptions[O['key']] | null;
} & { target: string | null };

const TRAITS = ENGINE_OPTIONS.map(({ key, name, kind }) => ({
  key,
  trait: name.replaceAll('-', '_'),
  standard: kind === 'flag' ? false : null
}));

export const DEFAULT_TRAITS = {
  target: null,
  ...Object.fromEntries(TRAITS.map(({ trait, standard }) => [trait, standard]))
} as OptionTraits;

/**
 * Values of the form's fields for the traits; `source`, `traits.parent` and `traits.target` are absolute, unless the
 * target is a name in the parent.
 */
export function toFormValues(traits: OptionTraits, source: Source): FormValues {
  const given = TRAITS.map(({ key, trait }) => [key, traits[trait as keyof OptionTraits]] as const);
  const options = Object.fromEntries(given.filter(([, value]) => value !== null)) as Partial<ConvertOptions>;
  return {
    ...toValues(options, source),
    output: outputField(traits, source),
    parent: traits.parent ?? '',
    resume: traits.resume
  };
}

function outputField({ target, parent }: OptionTraits, source: Source): string {
  if (target === null) return parent === null ? defaultOutputName(source) : '';
  return parent === null ? besideSource(target, source) : target;
}

/** The traits for the form's options. An output that is the default one leaves the target to the default. */
export function toTraits(options: Partial<ConvertOptions>, source: Source): OptionTraits {
  const output = options.output ?? null;
  const isDefault =
    output === null || (options.parent == null && besideSource(output, source) === defaultOutputName(source));
  return {
    target: isDefault ? null : output,
    ...Object.fromEntries(TRAITS.map(({ key, trait, standard }) => [trait, options[key] ?? standard]))
  } as OptionTraits;
}

/** The traits that differ. */
export function changes<T extends OptionTraits>(before: T, after: T): Partial<T> {
  const differing = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof T])
  );
  return Object.fromEntries(differing) as Partial<T>;
}

/** The name alone of a path in the folder of the source, any other path as it is. */
function besideSource(path: string, source: Source): string {
  const first = (typeof source === 'string' ? source : (source[0] ?? '')).replace(/\/+$/, '');
  const folder = first.slice(0, first.lastIndexOf('/') + 1);
  const name = path.slice(folder.length);
  return path.startsWith(folder) && name !== '' && !name.includes('/') ? name : path;
}
