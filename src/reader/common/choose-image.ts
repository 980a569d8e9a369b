import { ConvertError } from '../../model/errors.ts';
import { option } from '../../model/words.ts';
import { shortly } from './shortly.ts';

/**
 * Which of a source's images is meant, by its number from 0 or its name.
 *
 * @param images each one's name, which may be empty, and what it is
 * @throws ConvertError `unsupported` where one must be chosen, `bad-option` for one that is not there
 */
export function chooseImage(
  path: string,
  images: readonly { name: string; said: string }[],
  asked: string | number | null
): number {
  const listed = shortly(
    images.map(({ name, said }, n) => `${n}${name && ` ${shortly([name])}`}${said && ` (${said})`}`)
  );
  if (asked === null) {
    if (images.length === 1) return 0;
    throw new ConvertError(
      'unsupported',
      `${path}: it holds ${images.length} images, where one was expected: choose one by its number or name, with ${option('image', 0)} (${listed})`,
      'image'
    );
  }
  const word = String(asked).trim();
  const number = /^\d{1,9}$/.test(word) ? Number(word) : images.findIndex(({ name }) => name === String(asked));
  if (number >= 0 && number < images.length) {
    if (word !== String(number) && images.filter(({ name }) => name === String(asked)).length > 1)
      throw new ConvertError(
        'bad-option',
        `${path}: several images have the name ${word}: choose one by its number (${listed})`,
        'image'
      );
    return number;
  }
  throw new ConvertError(
    'bad-option',
    `${path}: image ${shortly([word])} is not there: ${images.length === 1 ? 'it has only image 0' : `it has ${listed}`}`,
    'image'
  );
}
