import type { JupyterFrontEnd } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import type { FileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { toFields, toValues } from '../form/index.ts';
import { isAbsolute } from '../form/output.ts';
import type { ConvertOptions, Job } from '../protocol/index.ts';
import { OME_ZARRS, choose, chooseSources, givenPaths, mayChoose } from './choose.ts';
import { askAndStart } from './convert/dialog.tsx';
import { isActive } from '../protocol/job.ts';
import type { IHelper } from './helper.ts';
import { pyramidIcon, stackIcon } from './icons.ts';
import { CommandIDs } from './ids.ts';
import { showInfo } from './info/dialog.tsx';
import { convertibleSelection, isUnfinished, selectedFolders, sortNaturally, toHelperPath } from './paths.ts';
import { report } from './report.ts';
import type { Settings } from './settings.ts';

type Args = ReadonlyPartialJSONObject;

const PATH = { type: 'string', description: 'Path: relative to the server’s root, or absolute on the server' };
const JOB = { type: 'string', description: 'Id of a conversion' };

/**
 * Adds what can be done with volumes and conversions, and answers with the ids that belong into the command palette.
 */
export function addCommands(
  app: JupyterFrontEnd,
  helper: IHelper,
  browsers: IFileBrowserFactory,
  settings: () => Settings
): string[] {
  const { commands, serviceManager, shell } = app;
  const { contents } = serviceManager;
  const browser = (): FileBrowser | null => browsers.tracker.currentWidget;

  /** The unfinished outputs that a command is about. */
  const unfinished = (args: Args): string[] => {
    const given = givenPaths(args);
    return given.length > 0 ? given : selectedFolders(browser()).filter(isUnfinished);
  };

  commands.addCommand(CommandIDs.convert, {
    label: 'Convert to OME-Zarr…',
    caption: 'Convert TIFF volumes, or a folder of slices, to an OME-Zarr pyramid',
    icon: args => (args.isPalette ? undefined : stackIcon),
    isVisible: args =>
      Boolean(args.isPalette) || givenPaths(args).length > 0 || convertibleSelection(browser()).length > 0,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: PATH,
          paths: { type: 'array', items: PATH, description: 'Several files: slices of one volume, or a volume each' },
          options: {
            type: 'object',
            description: 'Options that the form begins with, named as in the protocol; the person’s settings without it'
          },
          preset: { type: 'object', description: 'Options, named the same, that are laid over the person’s settings' },
          isPalette: { type: 'boolean', description: 'Ask for a file where none is selected' }
        }
      }
    },
    execute: async args => {
      let paths = givenPaths(args).map(path => toHelperPath(contents, path));
      if (paths.length === 0) {
        paths = convertibleSelection(browser());
      }
      if (paths.length === 0) {
        paths = await chooseSources(browser());
      }
      if (paths.length === 0) {
        return [];
      }
      const sources = sortNaturally(paths);
      const source = sources.length === 1 ? sources[0] : sources;
      const { options, preset = {} } = args as { [name in 'options' | 'preset']?: Partial<ConvertOptions> };
      const initial = options ? toValues(options, source) : { ...settings().initial, ...toFields(preset, source) };
      const jobs = await askAndStart(helper, sources, initial);
      return jobs.map(job => job.id);
    }
  });

  commands.addCommand(CommandIDs.verify, {
    label: args => (args.isPalette ? 'Verify an OME-Zarr' : 'Verify'),
    caption: 'Read every voxel of an OME-Zarr back, and compare it with its source',
    icon: args => (args.isPalette ? undefined : pyramidIcon),
    isVisible: args => mayChoose(OME_ZARRS, args, browser()),
    describedBy: { args: { type: 'object', properties: OME_ZARRS.args } },
    execute: async args => {
      const outputs = await choose(OME_ZARRS, args, browser(), contents, 'Verify');
      const ids: string[] = [];
      for (const output of outputs) {
        await report('Could not verify', async () => {
          ids.push((await helper.request('verify', { output, options: settings().limits })).id);
        });
      }
      return Array.isArray(args.paths) || ids.length > 1 ? ids : ids[0];
    }
  });

  commands.addCommand(CommandIDs.info, {
    label: 'OME-Zarr Info',
    caption: 'Show what an OME-Zarr is: its levels, chunks, voxel size, and what it was made of',
    icon: args => (args.isPalette ? undefined : pyramidIcon),
    isVisible: args => mayChoose(OME_ZARRS, args, browser()),
    describedBy: { args: { type: 'object', properties: OME_ZARRS.args } },
    execute: async args => {
      const paths = await choose(OME_ZARRS, args, browser(), contents, 'OME-Zarr Info');
      if (paths.length > 0 && (await showInfo(helper, paths))) {
        await commands.execute(CommandIDs.openViewer, { paths });
      }
    }
  });

  commands.addCommand(CommandIDs.resume, {
    label: 'Resume…',
    caption: 'Go on with a conversion that was interrupted, with what was chosen for it',
    icon: pyramidIcon,
    isVisible: args => unfinished(args).length > 0,
    describedBy: {
      args: {
        type: 'object',
        properties: { path: { ...PATH, description: 'The folder NAME.partial of the unfinished output' } }
      }
    },
    execute: async args => {
      const ids: string[] = [];
      for (const path of unfinished(args)) {
        await report('Cannot be resumed', async () => {
          const { source, options } = await helper.request('unfinished', { path: toHelperPath(contents, path) });
          const initial = { ...toValues({ ...settings().limits, ...options }, source), resume: true };
          const jobs = await askAndStart(helper, [source].flat(), initial);
          ids.push(...jobs.map(({ id }) => id));
        });
      }
      return ids;
    }
  });

  commands.addCommand(CommandIDs.cancel, {
    label: args => (jobOf(args) ? 'Cancel Conversion' : 'Cancel All Conversions'),
    caption: 'Stop a conversion, or all of them; what it has written is removed',
    isEnabled: () => helper.jobs.items.some(isActive),
    describedBy: {
      args: { type: 'object', properties: { job: { ...JOB, description: `${JOB.description}; all without it` } } }
    },
    execute: async args => {
      const wanted = helper.jobs.items.filter(job => isActive(job) && (!jobOf(args) || job.id === jobOf(args)));
      await report('Could not cancel', () => Promise.all(wanted.map(job => helper.request('cancel', { job: job.id }))));
    }
  });

  const waiting = (args: Args): Job | undefined => {
    const node = app.contextMenuHitTest(({ classList }) => classList.contains('mct-Conversion'));
    const job = helper.jobs.get(jobOf(args) ?? node?.dataset.context ?? '');
    return job?.state === 'queued' ? job : undefined;
  };
  commands.addCommand(CommandIDs.move, {
    label: args => ({ up: 'Move Up', down: 'Move Down' })[String(args.to)] ?? 'Run Next',
    caption: 'Change the order of the conversions that wait',
    isVisible: args => waiting(args) !== undefined,
    isEnabled: args => {
      const place = waiting(args)?.waiting?.place;
      const last = helper.jobs.items.filter(({ state }) => state === 'queued').length;
      return place !== undefined && (args.to === 'down' ? place < last : place > 1);
    },
    describedBy: {
      args: {
        type: 'object',
        properties: {
          job: { ...JOB, description: `${JOB.description} that waits; that of the context menu without it` },
          to: { type: 'string', enum: ['first', 'up', 'down'], description: 'Where among those that wait' }
        }
      }
    },
    execute: async args => {
      const job = waiting(args);
      if (job) {
        const to = args.to === 'up' || args.to === 'down' ? args.to : 'first';
        await report('Could not change the order', () => helper.request('move', { job: job.id, to }));
      }
    }
  });

  commands.addCommand(CommandIDs.dismiss, {
    label: 'Dismiss Ended Conversions',
    caption: 'Take conversions that have ended off the list; their outputs stay',
    isEnabled: () => helper.jobs.items.some(job => !isActive(job)),
    describedBy: {
      args: { type: 'object', properties: { job: { ...JOB, description: `${JOB.description}; all without it` } } }
    },
    execute: async args => {
      const wanted = helper.jobs.items.filter(job => !isActive(job) && (!jobOf(args) || job.id === jobOf(args)));
      await report('Could not dismiss', () => Promise.all(wanted.map(job => helper.dismiss(job.id))));
    }
  });

  commands.addCommand(CommandIDs.showConversions, {
    label: 'Show Conversions',
    caption: 'Show running and ended conversions in the Running panel',
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => shell.activateById('jp-running-sessions')
  });

  commands.addCommand(CommandIDs.showInBrowser, {
    label: 'Show in File Browser',
    icon: pyramidIcon,
    isVisible: args => typeof args.path === 'string',
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Path in the file browser, relative to the server’s root' }
        },
        required: ['path']
      }
    },
    execute: async args => {
      const current = browser();
      if (!current || typeof args.path !== 'string') {
        return;
      }
      const path = toHelperPath(contents, args.path);
      if (isAbsolute(path)) {
        await showErrorMessage('Cannot be shown', `${path} is outside the folder that the file browser is of.`);
        return;
      }
      await current.model.cd(`/${path.split('/').slice(0, -1).join('/')}`);
      await current.model.refresh();
      await current.selectItemByName(path.split('/').pop() ?? '');
      shell.activateById(current.id);
    }
  });

  return [
    CommandIDs.convert,
    CommandIDs.verify,
    CommandIDs.info,
    CommandIDs.cancel,
    CommandIDs.dismiss,
    CommandIDs.showConversions
  ];
}

function jobOf(args: Args): string | null {
  return typeof args.job === 'string' ? args.job : null;
}
