import { closeSync } from 'node:fs';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { tooDeep, tooLong } from '../model/document.ts';
import { type Json, isObject } from '../model/json.ts';
import { bytesAt } from '../zip/directory.ts';
import { openFile } from './files.ts';

const fail = (code: ErrorCode, path: string, problem: string): ConvertError =>
  new ConvertError(code, problem, 'output', { about: path });

/**
 * A JSON object out of a file of metadata, whoever has written it.
 *
 * @throws ConvertError `not-found`, `unreadable`, `corrupt`; `unsupported` for one that is longer or deeper than any is
 */
export function readJson(path: string): Json {
  const bytes = readWhole(path);
  const deep = tooDeep(bytes);
  if (deep !== null) throw fail('unsupported', path, deep);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(value)) return value;
  } catch (error) {
    throw fail('corrupt', path, `is no JSON (${(error as Error).message})`);
  }
  throw fail('corrupt', path, 'holds no JSON object');
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
    if (!found.isFile) throw fail('unreadable', path, 'is no file');
    const long = tooLong(found.size);
    if (long !== null) throw fail('unsupported', path, long);
    return bytesAt(file, found.start, found.start + found.size);
  } catch (error) {
    if (error instanceof ConvertError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? fail('not-found', path, 'is missing')
      : fail('unreadable', path, `cannot be read (${code})`);
  } finally {
    if (file !== null) closeSync(file);
  }
}
