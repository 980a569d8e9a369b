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

/** Offers names to choose from, among which the choice stays where they are those already. */
export function offer(select: HTMLSelectElement, names: readonly string[]): void {
  const isSame = [...select.options].map(({ value }) => value).join('\n') === names.join('\n');
  if (!isSame) select.replaceChildren(...optionsOf(Object.fromEntries(names.map(name => [name, name]))));
}

/** Controls that belong together, and go to the next row together. */
export const group = (...nodes: Node[]): HTMLElement => element('span', { className: 'mct-Viewer-group' }, ...nodes);

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

/**
 * Keys that are pressed in an element are its own, and not the page's: in a notebook, an x would cut the cell.
 * `passed`: those that are the page's, too.
 */
export function keepKeys(node: HTMLElement, passed: readonly string[] = []): void {
  node.addEventListener('keydown', event => {
    const isShortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (!isShortcut && !passed.includes(event.key)) event.stopPropagation();
  });
}

/** Gives the person a file. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url));
}
