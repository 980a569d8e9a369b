import { readDescribedAxes } from './described-axes.ts';
import { option } from '../model/words.ts';
import type { Describer } from './description.ts';
import type { Directory } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { parseImageJ } from './imagej/imagej.ts';
import { TAG } from './tiff/tags.ts';

/** Pages that one description in a file is about. */
export interface ImagePart {
  name: string;
  said: string;
  /** Its pages: the first one's number from 0, and as many as the description says. */
  first: number;
  pages: number;
  text: string;
  /** Whose description it is; null where there is none. */
  by: Describer | null;
  size: string;
}

/**
 * Parts the pages of a file into images, by the descriptions that programs write at the first page of each: several
 * stacks that were written into one file. Descriptions of one page each, of pages of one size, are a stack's.
 */
export class ImageParts {
  readonly parts: ImagePart[] = [];

  /**
   * Looks at one page more.
   *
   * @returns the number of the image that it belongs to
   * @throws ConvertError `mixed-pages` for a description within the pages of another that says something else
   */
  add(directory: Directory, page: number, texts: () => string[]): number {
    const { parts } = this;
    const last = parts.at(-1);
    if (last && !directory.has(TAG.imageDescription)) return parts.length - 1;
    const claim = texts()
      .map(text => claimOf(text, directory))
      .find(found => found !== null);
    const size = [TAG.imageLength, TAG.imageWidth].map(tag => directory.integer(tag, 0)).join(' × ');
    const part: ImagePart = { name: '', text: '', by: null, said: size, pages: 1, ...claim, first: page, size };
    if (!last) return parts.push(part) - 1;
    if (!claim) return parts.length - 1;
    if (page < last.first + last.pages) {
      if (last.text === part.text) return parts.length - 1;
      throw fail(
        'mixed-pages',
        directory.file.path,
        `the description of its page ${directory.number} (${part.said}) is not that of the page ${last.first + 1} before it (${last.said}), which is about ${last.pages} pages: save it again${whose(last, part)}`
      );
    }
    if (part.pages === 1 && last.pages === 1 && part.size === last.size) return parts.length - 1;
    return parts.push(part) - 1;
  }
}

/** Of descriptions by two programs, one can be believed. */
const whose = (a: ImagePart, b: ImagePart): string =>
  a.by === b.by || a.by === null ? '' : `, or say whose description is right, such as ${option('describedBy', a.by)}`;

function claimOf(text: string, directory: Directory): Pick<ImagePart, 'pages' | 'text' | 'by' | 'said'> | null {
  const imagej = parseImageJ(text);
  if (imagej) {
    const { images, channels, slices, frames } = imagej;
    return { pages: images, text, by: 'imagej', said: `T ${frames}, C ${channels}, Z ${slices}` };
  }
  const described = readDescribedAxes(text, directory);
  if (!described) return null;
  const { pages, by, said } = described;
  return { pages: Number.isSafeInteger(pages) ? pages : 1, text, by, said };
}
