import { ScreenshotDialog } from 'neuroglancer/unstable/ui/screenshot_menu.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { element } from './elements/dom.ts';
import { pictureOf, pngOf } from './picture.ts';

/** Keeps a picture in a file of its own beside the volume; answers with the file's path. */
export type SavePicture = (name: string, picture: Blob) => Promise<string>;

/** Members of Neuroglancer's manager that are used here and its declarations lack. */
interface Manager {
  filename: string;
  saveScreenshot(state: unknown): Promise<void>;
}

/** Viewers whose pictures are kept in files too, where that is chosen. */
const kept = new WeakMap<Viewer, { isWanted: boolean }>();

/**
 * Asks for the size of a picture, takes it with its scale bar when all of it has been read, and hands it to the
 * browser; with `save` it can be kept in a file too.
 */
export function showScreenshotDialog(viewer: Viewer, tell: (text: string) => void, save?: SavePicture): void {
  viewer.deactivateTools();
  const dialog = new ScreenshotDialog(viewer.screenshotManager);
  nameFields(dialog.content);
  if (!save) return;
  const wanted = kept.get(viewer) ?? keepPictures(viewer, tell, save);
  const box = element('input', { type: 'checkbox', checked: wanted.isWanted });
  box.addEventListener('change', () => (wanted.isWanted = box.checked));
  const label = element(
    'label',
    { className: 'mct-Viewer-keepPicture' },
    box,
    'Also keep it in a file beside the volume'
  );
  // With the other choices, above what the picture will be.
  const choices = dialog.content.querySelector('.neuroglancer-screenshot-scale-menu');
  if (choices) choices.append(label);
  else dialog.content.append(label);
}

/** Names the fields and the button that are known by their looks alone. */
function nameFields(content: HTMLElement): void {
  content.querySelector('.neuroglancer-screenshot-close-button')?.setAttribute('aria-label', 'Close');
  for (const each of content.querySelectorAll<HTMLInputElement>('.neuroglancer-screenshot-scale-radio-input'))
    each.setAttribute('aria-label', `Scale of the picture: ${each.value} times`);
  content
    .querySelector('.neuroglancer-screenshot-keep-slice-fov-checkbox')
    ?.setAttribute('aria-label', 'Keep the field of view of slices');
}

function keepPictures(viewer: Viewer, tell: (text: string) => void, save: SavePicture): { isWanted: boolean } {
  const wanted = { isWanted: false };
  kept.set(viewer, wanted);
  const manager = viewer.screenshotManager as unknown as Manager;
  const hand = manager.saveScreenshot.bind(manager);
  manager.saveScreenshot = async state => {
    const picture = wanted.isWanted ? pictureOf(viewer) : null;
    await hand(state);
    if (!picture) return;
    try {
      tell(`The picture is kept in ${await save(manager.filename, await pngOf(picture))}.`);
    } catch (error) {
      tell(`The picture is among the browser’s downloads only, and not beside the volume: ${(error as Error).message}`);
    }
  };
  return wanted;
}
