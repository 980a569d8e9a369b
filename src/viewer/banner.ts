/** A strip over the picture that says what went wrong, with a way to try again. */
export class Banner {
  readonly #node = document.createElement('div');
  readonly #text = document.createElement('span');

  constructor(host: HTMLElement, onRetry: () => void) {
    this.#node.className = 'mct-Viewer-banner';
    this.#node.setAttribute('role', 'alert');
    const retry = document.createElement('button');
    retry.type = 'button';
    retry.textContent = 'Retry';
    retry.addEventListener('click', () => {
      this.hide();
      onRetry();
    });
    this.#node.append(this.#text, retry);
    this.#node.hidden = true;
    host.append(this.#node);
  }

  show(text: string): void {
    this.#text.textContent = text;
    this.#node.hidden = false;
  }

  get isShown(): boolean {
    return !this.#node.hidden;
  }

  hide(): void {
    this.#node.hidden = true;
  }

  dispose(): void {
    this.#node.remove();
  }
}
