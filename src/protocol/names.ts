/** Whether a folder has no more of a name than its number, as bioformats2raw calls images. */
export const isNumber = (name: string): boolean => /^\d+$/.test(name);

/**
 * A name for each of several files or folders: the last segment of its path, with as many before it as tell it from the
 * others; of an image that is called by its number in a collection, with the collection's. Of the same path twice the
 * second one is counted: `scan.ome.zarr (2)`.
 */
export function uniqueNames(paths: readonly string[]): string[] {
  const whole = paths.map(path => path.split(/[\\/]/).filter(Boolean));
  const nameOf = (segments: string[], depth: number): string => segments.slice(-depth).join('/');
  const names = whole.map(segments => {
    const others = whole.filter(other => other.join('/') !== segments.join('/'));
    let depth = isNumber(segments.at(-1) ?? '') ? Math.min(2, segments.length) : 1;
    while (depth < segments.length && others.some(other => nameOf(other, depth) === nameOf(segments, depth))) depth++;
    return nameOf(segments, depth);
  });
  return names.map((name, n) => {
    const times = names.slice(0, n).filter(other => other === name).length;
    return times === 0 ? name : `${name} (${times + 1})`;
  });
}
