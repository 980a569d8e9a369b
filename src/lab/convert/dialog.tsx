import { Dialog, showErrorMessage } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import type { FormValues, Planner, ShowPicture, StartParams } from '../../form/index.ts';
import { asVolume, ConvertBody } from '../../form/index.ts';
import type { Job } from '../../protocol/index.ts';
import type { IHelper } from '../helper.ts';
import { lookedAt } from '../viewer/source.ts';
import { queueAll } from './queue.ts';

/** The form in a Lumino widget, which also starts what the form has come to. */
class DialogBody extends ReactWidget {
  constructor(helper: IHelper, paths: readonly string[], initial: Partial<FormValues>) {
    super();
    // Where Tab leads to from the last button: fields come after JupyterLab has looked for one.
    this.node.tabIndex = -1;
    this.#helper = helper;
    this.#paths = paths;
    this.#initial = initial;
    this.#planner = {
      inspect: async source => asVolume(await helper.request('inspect', { source })),
      estimate: (source, options, makeFolder) => helper.request('estimate', { source, options, makeFolder })
    };
    this.#showPicture = async (host, source, reading, options, signal) => {
      const { createChooser } = await import('../../viewer/index.ts');
      return createChooser(host, lookedAt(source, helper, reading), options, signal);
    };
  }

  get readyChanged(): ISignal<this, void> {
    return this.#readyChanged;
  }

  get ready(): boolean {
    return this.#starts !== null && !this.#busy;
  }

  /**
   * Queues the conversions. One that is refused does not stop the others; undefined, with the reasons shown in the
   * form, when all are, and otherwise `refused` says which.
   */
  async start(): Promise<{ jobs: Job[]; refused: string[] } | undefined> {
    this.#set(true, null);
    const start = (params: StartParams): Promise<Job> => this.#helper.request('start', params);
    // Who has left the dialog meanwhile wants no more; what is queued then can be cancelled as any other.
    const { jobs, refused } = await queueAll(this.#starts ?? [], start, () => !this.isDisposed);
    if (jobs.length > 0 || this.isDisposed) {
      return { jobs, refused };
    }
    this.#set(false, refused.join('\n'));
    return undefined;
  }

  protected override render(): React.ReactElement {
    return (
      <ConvertBody
        planner={this.#planner}
        showPicture={this.#showPicture}
        paths={this.#paths}
        initial={this.#initial}
        failure={this.#failure}
        busy={this.#busy}
        onChange={this.#onChange}
      />
    );
  }

  readonly #onChange = (starts: StartParams[] | null): void => {
    if (starts !== null || this.#starts !== null) {
      this.#starts = starts;
      this.#failure = null;
      this.update();
    }
    this.#readyChanged.emit();
  };

  #set(busy: boolean, failure: string | null): void {
    this.#busy = busy;
    this.#failure = failure;
    this.update();
    this.#readyChanged.emit();
  }

  readonly #helper: IHelper;
  readonly #paths: readonly string[];
  readonly #initial: Partial<FormValues>;
  readonly #planner: Planner;
  readonly #showPicture: ShowPicture;
  #starts: StartParams[] | null = null;
  #failure: string | null = null;
  #busy = false;
  readonly #readyChanged = new Signal<this, void>(this);
}

/** A dialog that stays open until the conversion is queued, and cannot be accepted while its form is wrong. */
class ConvertDialog extends Dialog<Job[]> {
  constructor(body: DialogBody) {
    super({
      title: 'Convert to OME-Zarr',
      body,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Convert' })],
      focusNodeSelector: 'input'
    });
    this.addClass('mct-ConvertDialog');
    this.#form = body;
    body.readyChanged.connect(this.#enable, this);
    // JupyterLab enables the button at every input of which the browser itself does not disapprove.
    this.node.addEventListener('input', () => this.#enable());
    this.node.tabIndex = -1;
    this.#enable();
  }

  /** Jobs that were queued; empty when the dialog was dismissed. */
  jobs: Job[] = [];

  override handleEvent(event: Event): void {
    // On the picture Enter ends what is typed there, and does not start a conversion.
    const isInPicture = event.target instanceof Element && event.target.closest('.mct-Picture') !== null;
    if (isInPicture && event.type === 'keydown' && (event as KeyboardEvent).key === 'Enter') return;
    super.handleEvent(event);
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else if (this.#form.ready) {
      void this.#form.start().then(started => {
        if (started) {
          this.jobs = started.jobs;
          super.resolve(index);
          if (started.refused.length > 0) {
            const count = started.refused.length + started.jobs.length;
            void showErrorMessage(
              `${started.refused.length} of ${count} conversions were not started`,
              started.refused.join('\n')
            );
          }
        }
      });
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    // Escape works before there is a field to type in.
    this.node.focus();
  }

  #enable(): void {
    const button = this.node.querySelector<HTMLButtonElement>('.jp-Dialog-button.jp-mod-accept');
    if (button) {
      button.disabled = !this.#form.ready;
    }
    // A control that was disabled has lost the focus, and with it Escape and Enter.
    requestAnimationFrame(() => {
      if (this.isAttached && !this.node.contains(document.activeElement)) {
        this.node.focus();
      }
    });
  }

  readonly #form: DialogBody;
}

/** Asks how to convert, and queues it. Empty when the person thought better of it. */
export async function askAndStart(
  helper: IHelper,
  paths: readonly string[],
  initial: Partial<FormValues>
): Promise<Job[]> {
  const dialog = new ConvertDialog(new DialogBody(helper, paths, initial));
  await dialog.launch();
  return dialog.jobs;
}
