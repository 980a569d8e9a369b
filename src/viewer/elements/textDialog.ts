import { copyText } from './copyText.ts';
import { button, element } from './dom.ts';

/**
 * Shows a text over the page, to be read, copied and, with `apply`, changed.
 *
 * @param apply takes the text, and answers with what is wrong with it or null
 */
export function showText(
  host: HTMLElement,
  title: string,
  text: string,
  apply?: (text: string) => string | null
): void {
  const area = element('textarea', { value: text, spellcheck: false, readOnly: apply === undefined });
  area.setAttribute('aria-label', title);
  const wrong = element('p', { className: 'mct-Viewer-wrong' });
  wrong.setAttribute('role', 'alert');
  const dialog = element(
    'dialog',
    { className: 'mct-Viewer-dialog' },
    element('h3', { textContent: title }),
    area,
    wrong
  );
  const copy = button('Copy', 'Put the text into the clipboard', () => {
    void copyText(area.value).then(isCopied => {
      wrong.textContent = isCopied ? '' : 'The browser does not allow it: select the text, and press Ctrl-C.';
      if (!isCopied) area.select();
    });
  });
  const buttons = element('div', { className: 'mct-Viewer-buttons' }, copy);
  if (apply) {
    buttons.append(
      button('Apply', 'Show what the text says', () => {
        wrong.textContent = apply(area.value) ?? '';
        if (wrong.textContent === '') dialog.close();
      })
    );
  }
  buttons.append(button('Close', 'Change nothing', () => dialog.close()));
  dialog.append(buttons);
  dialog.addEventListener('keydown', event => event.stopPropagation());
  dialog.addEventListener('close', () => dialog.remove());
  host.append(dialog);
  dialog.showModal();
}
