import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { ViewerHandle } from '../../viewer/index.ts';
import { KINDS } from '../../viewer/measuring/measurements.ts';
import { CommandIDs } from '../ids.ts';
import { ViewerLinks } from './links.ts';
import type { Viewers } from './viewers.ts';

/** Adds what can be done with the viewer that was used last: what its toolbar offers, for palette and keys. */
export function addViewerCommands(
  { commands }: JupyterFrontEnd,
  viewers: Viewers,
  palette: ICommandPalette | null
): void {
  const handle = (): ViewerHandle | null => viewers.current?.handle ?? null;
  const add = (command: string, options: CommandRegistry.ICommandOptions): void => {
    commands.addCommand(command, {
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => handle() !== null,
      ...options
    });
    palette?.addItem({ command, category: 'Micro-CT' });
  };
  viewers.currentChanged.connect(() => commands.notifyCommandChanged());

  const links = new ViewerLinks(viewers);
  add(CommandIDs.linkViewers, {
    label: 'Link the Viewers',
    caption: 'Have all open viewers show the same place, as near and from the same side',
    isToggled: () => links.isOn,
    isEnabled: () => links.isOn || viewers.size > 1,
    execute: () => {
      links.isOn = !links.isOn;
      commands.notifyCommandChanged(CommandIDs.linkViewers);
    }
  });
  add(CommandIDs.autoContrast, {
    label: 'Contrast of What Is in View',
    caption: 'Set black and white to the 1st and 99th percentile of what the viewer shows',
    execute: () => handle()?.toolbar.autoContrast()
  });
  add(CommandIDs.invertContrast, {
    label: 'Swap Black and White',
    execute: () => handle()?.toolbar.invert()
  });
  add(CommandIDs.copyLink, {
    label: 'Copy Link to This View',
    caption: 'Copy an address of this JupyterLab that opens the same volumes in the same view',
    execute: () => handle()?.toolbar.copyLink()
  });
  add(CommandIDs.editState, {
    label: 'Edit the View as JSON',
    execute: () => handle()?.toolbar.editState()
  });
  add(CommandIDs.measure, {
    label: 'Measure in the Volume',
    caption: 'Draw points, lines, boxes, ellipsoids and polylines, and list their lengths, areas, volumes and angles',
    describedBy: {
      args: {
        type: 'object',
        properties: { kind: { type: 'string', enum: [...KINDS], description: 'What; a line without it' } }
      }
    },
    execute: ({ kind }) => handle()?.toolbar.measure(KINDS.find(each => each === kind) ?? 'line')
  });
  add(CommandIDs.align, {
    label: 'Align a Volume to Another',
    caption: 'Lay one volume of the viewer on another by points that are the same place in both',
    execute: () => handle()?.toolbar.showAlignment(true)
  });
  add(CommandIDs.screenshot, {
    label: 'Take a Screenshot of the Volume',
    execute: () => handle()?.toolbar.takeScreenshot()
  });
  add(CommandIDs.renderVolume, {
    label: 'Show the Volume in 3-D',
    caption: 'Draw the volume in place of its slices in the 3-D view: its maximum, its minimum, or translucent',
    describedBy: {
      args: {
        type: 'object',
        properties: {
          mode: { type: 'string', enum: ['off', 'max', 'min', 'on'], description: 'How; its maximum without it' }
        }
      }
    },
    execute: ({ mode }) =>
      handle()?.toolbar.renderVolume(mode === 'off' || mode === 'min' || mode === 'on' ? mode : 'max')
  });
}
