import { button, element } from './elements/dom.ts';
import type { ReadKey, SeveralError } from './volume/image.ts';
import { readImage } from './volume/image.ts';

/** An image among several. */
interface Choice {
  path: string;
  /** Name of the image; empty where there is none. */
  name: string;
  /** Description of the image, or why it cannot be shown. */
  what: string;
}

/**
 * Shows the images that there are in place of one, with their names and sizes, and answers with the path of that which
 * a person chooses.
 */
export async function chooseImage(host: HTMLElement, several: SeveralError, read: ReadKey): Promise<string> {
  const choices = await describeAll(several.paths, read);
  return new Promise(resolve => {
    const note = element('div', { className: 'mct-Viewer-note mct-Viewer-choice' });
    note.setAttribute('role', 'group');
    note.setAttribute('aria-label', 'Images');
    const rows = choices.map(({ path, name, what }) =>
      element(
        'li',
        {},
        button(name === '' ? path : `${path}: ${name}`, `Show ${path}`, () => {
          note.remove();
          resolve(path);
        }),
        element('span', { textContent: what })
      )
    );
    note.append(element('p', { textContent: several.message }), element('ul', {}, ...rows));
    host.append(note);
  });
}

async function describeAll(paths: string[], read: ReadKey): Promise<Choice[]> {
  const names = await namesInXml(read);
  return Promise.all(
    paths.map(async (path, n): Promise<Choice> => {
      try {
        const image = await readImage(path, key => read(`${path}/${key}`));
        const lengths = image.axes.map(({ name, length }) => `${name} ${length}`).join(' × ');
        const others = [
          image.time && image.time.length > 1 ? `${image.time.length} times` : '',
          image.channels.length > 1 ? `${image.channels.length} channels` : ''
        ].filter(Boolean);
        // bioformats2raw calls each by its folder.
        const title = image.title === path ? null : image.title;
        return { path, name: title ?? names[n] ?? '', what: [lengths, ...others, image.storedType].join(', ') };
      } catch (error) {
        return { path, name: names[n] ?? '', what: (error as Error).message };
      }
    })
  );
}

/** The images' names as bioformats2raw keeps them, in their order. */
async function namesInXml(read: ReadKey): Promise<string[]> {
  try {
    const bytes = await read('OME/METADATA.ome.xml');
    if (!bytes) return [];
    const xml = new DOMParser().parseFromString(new TextDecoder().decode(bytes), 'text/xml');
    return [...xml.getElementsByTagNameNS('*', 'Image')].map(image => image.getAttribute('Name') ?? '');
  } catch {
    // Names are not worth more than the images.
    return [];
  }
}
