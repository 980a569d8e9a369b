import type { Drag } from '@lumino/dragdrop';

/** MIME type of what the file browser drags, and the events of a drag. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';
const DRAGS = ['lm-dragenter', 'lm-dragover', 'lm-drop'];

/** Has an element take what is dragged out of the file browser: its paths, as the browser has them. */
export function takeDrops(node: HTMLElement, onDrop: (paths: string[]) => void): void {
  const take = (event: Event): void => {
    const drag = event as Drag.Event;
    if (!drag.mimeData?.hasData(CONTENTS_MIME)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === 'lm-drop') {
      drag.dropAction = 'copy';
      onDrop(drag.mimeData.getData(CONTENTS_MIME) as string[]);
    } else {
      drag.dropAction = drag.proposedAction;
    }
  };
  for (const type of DRAGS) node.addEventListener(type, take);
}
