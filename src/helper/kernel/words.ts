import { homedir } from 'node:os';
import { join } from 'node:path';

/** A word of a line, and where it stands in it. */
export interface Word {
  text: string;
  start: number;
  end: number;
  /** The quote that opened it and has not been closed. */
  open: string | null;
}

/** A line without the question marks at its end. */
export function unasked(line: string): string {
  let end = line.trimEnd().length;
  while (line[end - 1] === '?') end--;
  return line.slice(0, end);
}

/**
 * Parts a line into words as a shell does: at blanks, but not inside quotes; a backslash before a blank or a quote
 * takes its meaning away (elsewhere it stands for itself: Windows paths). `#` starts a comment. `~/` is the home
 * folder.
 */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let word: Word | null = null;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c: string = line[i];
    if (word?.open) {
      if (c === word.open) {
        word.open = null;
      } else {
        word.text += c;
      }
    } else if (/\s/.test(c)) {
      if (word) {
        words.push(finish(word, i, quoted));
      }
      word = null;
      continue;
    } else if (c === '#' && !word) {
      break;
    } else {
      if (!word) {
        word = { text: '', start: i, end: i, open: null };
        quoted = false;
      }
      if (c === '"' || c === "'") {
        word.open = c;
        quoted = true;
      } else if (c === '\\' && /[\s"'\\]/.test(line[i + 1] ?? '')) {
        word.text += line[++i];
      } else {
        word.text += c;
      }
    }
  }
  if (word) {
    words.push(finish(word, line.length, quoted));
  }
  return words;
}

function finish(word: Word, end: number, quoted: boolean): Word {
  return { ...word, end, text: quoted ? word.text : expandHome(word.text) };
}

/** `~/data` as a path. */
export function expandHome(text: string): string {
  return text === '~' ? homedir() : /^~[/\\]/.test(text) ? join(homedir(), text.slice(2)) : text;
}
