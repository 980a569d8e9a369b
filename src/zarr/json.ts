import { closeSync } from 'node:fs';
import { ConvertError } from '../model/errors.ts';
import { tooDeep, tooLong } from '../model/document.ts';
import { type Json, isObject } from '../model/json.ts';
import { bytesAt } from '../zip/directory.ts';
import { openFile } from './files.ts';

/**
 * A JSON object out of a file of metadata, whoever has written it.
 *
 * @throws ConvertError `not-found`, `unreadable`, `corrupt`; `unsupported` for one that is longer or deeper than any is
 */
export function readJson(path: string): Json {
  const bytes = readWhole(path);
  const deep = tooDeep(bytes);
  if (deep !== null) throw new ConvertError('unsupported', `${path}: ${deep}`, 'output');
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(value)) return value;
  } catch (error) {
    throw new ConvertError('corrupt', `${path}: is no JSON (${(error as Error).message})`, 'output');
  }
  throw new ConvertError('corrupt', `${path}: holds no JSON object`, 'output');
}

/**
 * The same; null for what is not there, or cannot be understood. @throws ConvertError `unsupported` for one that is
 * longer or deeper than any is
 */
export function findJson(path: string): Json | null {
  try {
    return readJson(path);
  } catch (error) {
    if (error instanceof ConvertError && error.code === 'unsupported') throw error;
    return null;
  }
}

function readWhole(path: string): Buffer {
  let file: number | null = null;
  try {
    const found = openFile(path);
    file = found.file;
    if (!found.isFile) throw new ConvertError('unreadable', `${path}: is no file`, 'output');
    const long = tooLong(found.size);
    if (long !== null) throw new ConvertError('unsupported', `${path}: ${long}`, 'output');
    return bytesAt(file, found.start, found.start + found.size);
  } catch (error) {
    if (error instanceof ConvertError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new ConvertError('not-found', `${path}: is missing`, 'output')
      : new ConvertError('unreadable', `${path}: cannot be read (${code})`, 'output');
  } finally {
    if (file !== null) closeSync(file);
  }
}
