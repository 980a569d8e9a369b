import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, ToolbarButton, showDialog } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { isAbsolute } from '../../form/output.ts';
import type { Source } from '../../protocol/index.ts';
import { isAsLabels } from './way.ts';
import type { IHelper } from '../helper.ts';
import { CommandIDs } from '../ids.ts';
import { isOmeZarr, renamedTo } from '../paths.ts';
import { SourcePage } from '../info/SourcePage.tsx';
import type { ViewerPanel } from './panel.ts';

/** Above the picture of a source that is no OME-Zarr yet: a button to what it is, and one to its conversion. */
export function addFacts(
  { toolbar, content }: MainAreaWidget<ViewerPanel>,
  helper: IHelper,
  commands: CommandRegistry,
  contents: Contents.IManager
): void {
  let sources: Source[] = content.way.isStack ? [[...content.paths]] : [...content.paths];
  const follow = (_: unknown, change: Contents.IChangedArgs): void => {
    const now = (path: string): string => renamedTo(contents, change, path) ?? path;
    sources = sources.map(source => (typeof source === 'string' ? now(source) : source.map(now)));
  };
  contents.fileChanged.connect(follow);
  content.relocated.connect((_, { path, found }) => {
    const now = (each: string): string => (each === path ? found : each);
    sources = sources.map(source => (typeof source === 'string' ? now(source) : source.map(now)));
  });
  content.disposed.connect(() => contents.fileChanged.disconnect(follow));
  const show = async (): Promise<void> => {
    const body = ReactWidget.create(
      <>
        {sources.map(source => (
          <SourcePage key={String(source)} path={source} helper={helper} asksAtOnce commands={commands} />
        ))}
      </>
    );
    body.addClass('mct-Info');
    await showDialog({ title: 'Facts', body, buttons: [Dialog.cancelButton({ label: 'Close' })] });
  };
  toolbar.addItem('facts', new ToolbarButton({ label: 'Facts', onClick: () => void show() }));
  if (content.paths.some(isAbsolute)) return;
  const convert = (): void => {
    const { reading, way } = content;
    // What was laid over them has the numbers behind theirs.
    const labels = sources.every((_, n) => isAsLabels(way.asLabels, n));
    const preset = { ...reading, ...(labels && { labels }) };
    void commands.execute(CommandIDs.convert, { paths: sources.flat().filter(path => !isOmeZarr(path)), preset });
  };
  toolbar.addItem('convert', new ToolbarButton({ label: 'Convert…', onClick: convert }));
}
