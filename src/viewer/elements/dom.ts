/** An element with properties and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A button that says what it does, and more of it in its tooltip. */
export const button = (text: string, title: string, onclick: () => void): HTMLButtonElement =>
  element('button', { type: 'button', textContent: text, title, onclick });

/** A list of choices by value and name. */
export function choice(
  title: string,
  choices: Record<string, string>,
  choose: (value: string) => void
): HTMLSelectElement {
  const select = element('select', { title, onchange: () => choose(select.value) });
  select.setAttribute('aria-label', title);
  select.append(...optionsOf(choices));
  return select;
}

export const optionsOf = (choices: Record<string, string>): HTMLOptionElement[] =>
  Object.entries(choices).map(([value, textContent]) => element('option', { value, textContent }));

/** A slider with what it is for before it. */
export function slider(
  text: string,
  title: string,
  [min, max, step]: [number, number, number],
  change: (value: number) => void
): { label: HTMLLabelElement; input: HTMLInputElement } {
  const input = element('input', { type: 'range', title });
  Object.assign(input, { min: String(min), max: String(max), step: String(step) });
  input.addEventListener('input', () => change(input.valueAsNumber));
  return { input, label: element('label', {}, text, input) };
}

/** Gives the person a file. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url));
}
