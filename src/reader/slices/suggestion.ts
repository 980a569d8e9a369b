// @ts-expect-error The package brings no types.
import picomatch from 'picomatch';
import type { Name } from './names.ts';

/** Whether a name fits a glob. */
export const globMatcher = (glob: string): ((name: string) => boolean) => picomatch(glob) as (name: string) => boolean;

/**
 * The plainest glob that fits the names of a run and no other one of a folder; null where there is none.
 *
 * @param all what the glob will be tried on
 */
export function suggestGlob(run: readonly Name[] | null, all: readonly string[]): string | null {
  if (!run || run.length === 0) return null;
  const wanted = new Set(run.map(({ name }) => name));
  const fits = (glob: string) => {
    const matches = globMatcher(glob);
    return all.every(name => matches(name) === wanted.has(name));
  };
  const globs = [anything, characters, widths].flatMap(part => endings(run).map(ending => globOf(run, part) + ending));
  const glob = globs.find(fits);
  return glob ?? null;
}

/** The same for all files with some endings. */
export function suggestEndings(names: readonly string[], all: readonly string[]): string | null {
  const wanted = new Set(names);
  const found = [...new Set(names.map(name => /\.[^.]*$/.exec(name)?.[0] ?? ''))].map(escape);
  const glob = `*${found.length === 1 ? found[0] : `@(${found.join('|')})`}`;
  const matches = globMatcher(glob);
  return all.every(name => matches(name) === wanted.has(name)) ? glob : null;
}

type Part = (texts: string[]) => string;

const anything: Part = () => '*';
const characters: Part = texts => `+(${classOf(texts)})`;
const widths: Part = texts => {
  const [{ length }] = texts;
  return texts.every(text => text.length === length) ? classOf(texts).repeat(length) : characters(texts);
};

/** Glob character class of all characters that the numbers are written with. */
function classOf(texts: string[]): string {
  const others = new Set(texts.join('').replace(/\d/g, ''));
  const hyphen = others.delete('-') ? '-' : '';
  return `[0-9${[...others].sort().join('')}${hyphen}]`;
}

/** A glob for names that are alike but for their numbers; numbers that are all the same stay. */
function globOf(run: readonly Name[], part: Part): string {
  const [{ texts, numbers }] = run;
  return texts
    .map((text, i) => {
      if (i >= numbers.length) return escape(text);
      const here = run.map(name => name.numbers[i].text);
      return escape(text) + (here.every(each => each === here[0]) ? escape(here[0]) : part(here));
    })
    .join('');
}

const escape = (text: string): string => text.replace(/[\\*?[\]{}()!+@|$^]/g, '\\$&');

function endings(run: readonly Name[]): string[] {
  const all = [...new Set(run.map(({ name }) => /\.[^.]*$/.exec(name)?.[0] ?? ''))];
  return all.length === 1 ? [escape(all[0])] : ['*', `@(${all.map(escape).join('|')})`];
}
