import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { FormValues } from '../form/index.ts';
import { parseBytes } from '../protocol/bytes.ts';
import type { ConvertOptions } from '../protocol/index.ts';

/** The person's settings; an empty default leaves the choice to the helper. */
export interface Settings {
  /** Fields that the form begins with. */
  initial: Partial<FormValues>;
  /** The same of those that are not about what is written. */
  limits: Partial<Pick<ConvertOptions, 'maxMemory' | 'jobs'>>;
  doubleClick: 'offer' | 'image';
  viewAnyFolder: boolean;
  notify: boolean;
}

/** Reads `schema/plugin.json` as a person has filled it in. */
export function readSettings(settings: ISettingRegistry.ISettings | null): Settings {
  const text = (name: string): string => {
    const value = settings?.get(name).composite;
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  };
  const is = (name: string, fallback: boolean): boolean => {
    const value = settings?.get(name).composite;
    return typeof value === 'boolean' ? value : fallback;
  };
  const initial: Partial<FormValues> = {
    compression: text('compression') as FormValues['compression'],
    levels: text('levels'),
    maxMemory: text('maxMemory'),
    omeZarr: text('omeZarr') as FormValues['omeZarr'],
    jobs: text('jobs')
  };
  for (const name of ['chunkSize', 'shard'] as const) {
    const lengths = text(name)
      .split(/[\s,x×]+/)
      .filter(Boolean);
    if (lengths.length === 1 || lengths.length === 3) {
      initial[name] = [lengths[0], lengths[1] ?? lengths[0], lengths[2] ?? lengths[0]];
    }
  }
  const [maxMemory, jobs] = [parseBytes(text('maxMemory')), Number(text('jobs'))];
  return {
    initial,
    limits: { ...(maxMemory && { maxMemory }), ...(jobs >= 1 && { jobs }) },
    doubleClick: text('doubleClick') === 'image' ? 'image' : 'offer',
    viewAnyFolder: is('viewAnyFolder', false),
    notify: is('notify', true)
  };
}
