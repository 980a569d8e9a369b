import { DocumentModel, TextModelFactory } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';

/**
 * A document without its contents. It calls itself collaborative because that alone keeps JupyterLab from asking the
 * server for a checkpoint, which would be a copy of the whole file.
 */
class NoContentModel extends DocumentModel {
  override get collaborative(): boolean {
    return true;
  }

  /** Saving asks for the text first: there is none, and the file must never be replaced by an empty one. */
  override toString(): string {
    throw new Error('This file is only read here, never written.');
  }
}

/** Makes documents of files that are too large for a browser: no format, so that their contents are not asked for. */
export class NoContentModelFactory extends TextModelFactory {
  override get name(): string {
    return 'microct-io-vis-no-content';
  }

  override get fileFormat(): Contents.FileFormat {
    return null;
  }

  override get collaborative(): boolean {
    return false;
  }

  override createNew(options: DocumentRegistry.IModelOptions = {}): DocumentModel {
    const model = new NoContentModel({ languagePreference: options.languagePreference });
    model.readOnly = true;
    return model;
  }
}

/**
 * Makes saving do nothing, with nothing to complain of. JupyterLab makes a checkpoint after it, which would be a copy
 * of the whole file; and what would restore one would write the file.
 */
export function keepFromSaving(context: DocumentRegistry.Context): void {
  context.save = () => Promise.resolve();
  context.saveAs = () => Promise.resolve(false);
  context.listCheckpoints = () => Promise.resolve([]);
  context.createCheckpoint = () => Promise.resolve({ id: '', last_modified: '' });
  context.restoreCheckpoint = () => Promise.resolve();
}
