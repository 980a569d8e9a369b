import type { ISettingRegistry } from '@jupyterlab/settingregistry';
// Past the form's door, which brings React along: this runs in Node's tests as well.
import { EMPTY_VALUES, type FormValues, readValues } from '../form/values.ts';
import { ENGINE_OPTIONS } from '../model/option-table.ts';
import type { ConvertOptions } from '../protocol/index.ts';

/** The person's settings; an empty default leaves the choice to the helper. */
export interface Settings {
  /** Fields that the form begins with. */
  initial: Partial<FormValues>;
  /** The same of those that are not about what is written. */
  limits: Partial<Pick<ConvertOptions, 'maxMemory' | 'jobs'>>;
  doubleClick: 'look' | 'offer' | 'image';
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
  const initial: Record<string, unknown> = {};
  for (const option of ENGINE_OPTIONS) {
    if (!('setting' in option)) continue;
    const { key, kind } = option;
    if (kind !== 'lengths') {
      initial[key] = text(key);
      continue;
    }
    const lengths = text(key)
      .split(/[\s,x×]+/)
      .filter(Boolean);
    if (lengths.length === 1 || lengths.length === 3) {
      initial[key] = [lengths[0], lengths[1] ?? lengths[0], lengths[2] ?? lengths[0]];
    }
  }
  const { maxMemory, jobs } = initial;
  return {
    initial,
    limits: readValues({ ...EMPTY_VALUES, maxMemory, jobs } as FormValues, '', null, true).options,
    doubleClick: (['image', 'offer'] as const).find(each => each === text('doubleClick')) ?? 'look',
    viewAnyFolder: is('viewAnyFolder', false),
    notify: is('notify', true)
  };
}
