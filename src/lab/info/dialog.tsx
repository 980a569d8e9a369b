import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IHelper } from '../helper.ts';
import { OmeZarrPage } from './OmeZarrPage.tsx';

/** Shows what OME-Zarrs are; answers whether a person wants to look at them. */
export async function showInfo(helper: IHelper, paths: readonly string[]): Promise<boolean> {
  const body = ReactWidget.create(
    <>
      {paths.map(path => (
        <OmeZarrPage key={path} path={path} helper={helper} />
      ))}
    </>
  );
  body.addClass('mct-Info');
  const { button } = await showDialog({
    title: 'OME-Zarr Info',
    body,
    buttons: [Dialog.cancelButton({ label: 'Close' }), Dialog.okButton({ label: 'Open in Neuroglancer' })]
  });
  return button.accept;
}
