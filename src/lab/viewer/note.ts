/** What can be done about what a note says. */
export interface Action {
  label: string;
  onClick: () => void;
}

/** Words in the place of a picture. `failed`: they are read out at once. */
export function noteOf(text: string, failed = false, actions: readonly Action[] = []): HTMLElement {
  const note = document.createElement('div');
  note.className = 'mct-Viewer-note';
  note.setAttribute('role', failed ? 'alert' : 'status');
  note.textContent = text;
  for (const { label, onClick } of actions) {
    const button = document.createElement('button');
    button.className = 'jp-mod-styled';
    button.textContent = label;
    button.addEventListener('click', onClick);
    note.append(button);
  }
  return note;
}
