/** Milliseconds for which a mere confirmation is shown. */
const PASSING = 6000;

/**
 * Strips above the picture: one for errors, with a way to try again, one for notes, which can be closed, and one for
 * what is waited for.
 */
export class Banner {
  readonly #failure: Strip;
  readonly #notice: Strip;
  readonly #waiting: Strip;
  #passing: ReturnType<typeof setTimeout> | undefined;

  constructor(host: HTMLElement, onRetry: () => void) {
    const node = document.createElement('div');
    node.className = 'mct-Viewer-strips';
    this.#failure = new Strip(node, 'mct-Viewer-banner', 'alert', 'Retry', onRetry);
    this.#notice = new Strip(node, 'mct-Viewer-notice', 'status', 'Close', () => undefined);
    this.#waiting = new Strip(node, 'mct-Viewer-notice', 'status', 'Retry', onRetry);
    host.prepend(node);
  }

  /** Shows an error; `way`: what may be done about it beside another try. */
  show(text: string, way?: Way): void {
    this.#failure.show(text, way);
  }

  /** Shows a note; for a while only, where it confirms what a person has done. */
  tell(text: string, isPassing = false): void {
    clearTimeout(this.#passing);
    this.#notice.show(text);
    if (isPassing) this.#passing = setTimeout(() => this.#notice.hide(), PASSING);
  }

  /** Says that there is no answer; null: there is one. */
  wait(text: string | null): void {
    if (text === null) this.#waiting.hide();
    else this.#waiting.show(text);
  }

  get isShown(): boolean {
    return this.#failure.isShown;
  }

  hide(): void {
    this.#failure.hide();
    this.#waiting.hide();
  }

  dispose(): void {
    this.#failure.dispose();
  }
}

interface Way {
  label: string;
  onClick: () => void;
}

class Strip {
  readonly #node = document.createElement('div');
  readonly #text = document.createElement('span');
  readonly #other = document.createElement('button');
  #way: Way | undefined;

  constructor(parent: HTMLElement, className: string, role: string, label: string, onClick: () => void) {
    this.#node.className = className;
    this.#node.setAttribute('role', role);
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => {
      this.hide();
      onClick();
    });
    this.#other.type = 'button';
    this.#other.hidden = true;
    this.#other.addEventListener('click', () => this.#way?.onClick());
    this.#node.append(this.#text, this.#other, button);
    this.#node.hidden = true;
    parent.append(this.#node);
  }

  show(text: string, way?: Way): void {
    this.#text.textContent = text;
    this.#way = way;
    this.#other.textContent = way?.label ?? '';
    this.#other.hidden = way === undefined;
    this.#node.hidden = false;
  }

  get isShown(): boolean {
    return !this.#node.hidden;
  }

  hide(): void {
    this.#node.hidden = true;
  }

  dispose(): void {
    this.#node.parentElement?.remove();
  }
}
