import type { Dirent } from 'node:fs';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OptionSpec } from '../cli/options.ts';
import { COMMANDS, COMMON_OPTIONS, findCommand } from '../cli/options.ts';
import { NOTEBOOK, flags, help } from '../cli/help.ts';
import type { Word } from './words.ts';
import { expandHome, splitWords, unasked } from './words.ts';

export interface Completions {
  matches: string[];
  /** Where in the code, in UTF-16 units, the matches take the place of what is there. */
  start: number;
  end: number;
}

/** Completions at the cursor: commands, options, their choices, paths relative to `folder`. */
export function complete(code: string, cursor: number, folder: string): Completions {
  const from = code.lastIndexOf('\n', cursor - 1) + 1;
  const line = code.slice(from, cursor);
  const words = splitWords(line);
  const last = words.at(-1);
  const word: Word =
    last && last.end === line.length ? last : { text: '', start: line.length, end: line.length, open: null };
  const before = words.filter(({ end, start }) => end < line.length || start < word.start).map(({ text }) => text);
  if (/^[!%]?microct-io-vis$/.test(before[0] ?? '')) {
    before.shift();
  }
  const place = { start: from + word.start, end: cursor };
  if (before.length === 0) {
    const names = [...COMMANDS.map(({ name }) => name), 'help'];
    return { ...place, matches: names.filter(name => name.startsWith(word.text)) };
  }
  const command = findCommand(before[0]);
  if (!command) {
    return { ...place, matches: [] };
  }
  const options = [...command.options, ...COMMON_OPTIONS];
  const raw = line.slice(word.start);
  if (raw.startsWith('-')) {
    const names = [...new Set(options.map(({ name }) => `--${name}`))];
    return { ...place, matches: names.filter(name => name.startsWith(raw)) };
  }
  const expecting = expectedBy(options, before);
  if (expecting) {
    return { ...place, matches: (expecting.choices ?? []).filter(choice => choice.startsWith(word.text)) };
  }
  return { ...place, matches: paths(raw, folder) };
}

/** The option whose value comes next. */
function expectedBy(options: OptionSpec[], before: string[]): OptionSpec | null {
  for (let back = 1; back < before.length; back++) {
    const word = before[before.length - back];
    const option = options.find(({ name, short }) => word === `--${name}` || word === `-${short}`);
    if (option) {
      return option.values.length >= back ? option : null;
    }
  }
  return null;
}

/** Paths that begin as `raw` does, quoted where they need it. */
function paths(raw: string, folder: string): string[] {
  const typed = splitWords(raw)[0]?.text ?? '';
  // The home folder is written out only to look into it.
  const shown = /^["']?~/.test(raw) ? raw.replace(/^["']/, '') : typed;
  const cut = Math.max(shown.lastIndexOf('/'), process.platform === 'win32' ? shown.lastIndexOf('\\') : -1) + 1;
  const [parent, start] = [shown.slice(0, cut), shown.slice(cut)];
  const base = resolve(folder, expandHome(parent));
  let entries: Dirent[];
  try {
    entries = readdirSync(base, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter(({ name }) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
    .map(entry => {
      const isFolder = entry.isSymbolicLink() ? followsToFolder(join(base, entry.name)) : entry.isDirectory();
      const path = `${parent}${entry.name}${isFolder ? '/' : ''}`;
      return /[\s"'#]/.test(path) ? (path.includes('"') ? `'${path}'` : `"${path}"`) : path;
    })
    .sort();
}

function followsToFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Help on the command or the option at the cursor; null when it is on neither. */
export function inspectAt(code: string, cursor: number): string | null {
  const from = code.lastIndexOf('\n', cursor - 1) + 1;
  const next = code.indexOf('\n', cursor);
  const line = code.slice(from, next < 0 ? undefined : next);
  const words = splitWords(unasked(line));
  const first = words.findIndex(({ text }) => findCommand(text));
  const command = findCommand(words[first]?.text ?? '');
  if (!command) {
    return null;
  }
  const at = words.find(({ start, end }) => start <= cursor - from && cursor - from <= end);
  const option = [...command.options, ...COMMON_OPTIONS].find(
    ({ name, short }) => at && (at.text === `--${name}` || at.text === `-${short}`)
  );
  return option ? `${flags(option).trim()}\n  ${option.help}` : help(command.name, NOTEBOOK);
}
