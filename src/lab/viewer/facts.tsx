import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, ToolbarButton, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { IHelper } from '../helper.ts';
import { TiffPage } from '../tiff/TiffPage.tsx';
import type { ViewerPanel } from './panel.ts';

/** Above the picture of a source that is no OME-Zarr yet: a button to what it is, and one to its conversion. */
export function addFacts(
  { toolbar, content }: MainAreaWidget<ViewerPanel>,
  helper: IHelper,
  commands: CommandRegistry
): void {
  const { paths, way } = content;
  const sources = way.isStack ? [[...paths]] : paths;
  const show = async (): Promise<void> => {
    const body = ReactWidget.create(
      <>
        {sources.map(source => (
          <TiffPage key={String(source)} path={source} helper={helper} asksAtOnce commands={commands} />
        ))}
      </>
    );
    body.addClass('mct-Info');
    await showDialog({ title: 'Facts', body, buttons: [Dialog.cancelButton({ label: 'Close' })] });
  };
  toolbar.addItem('facts', new ToolbarButton({ label: 'Facts', onClick: () => void show() }));
}
