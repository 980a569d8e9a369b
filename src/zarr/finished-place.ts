/** The record that lies beside an output that was finished in parts. */
export const FINISHED = 'finished';

/**
 * Path or key of that record, by the output's. Of labels it lies beside their image, whose folder is that of all
 * labels, however they were made.
 */
export function finishedPlace(output: string): string {
  const [, folder, name] = /^(.*?)([^\\/]+)$/s.exec(output)!;
  const [, around, image] = /^(.*?)([^\\/]+)[\\/]labels[\\/]$/s.exec(folder) ?? [];
  // Not of an image in a folder that is called so.
  const isOfLabels = image !== undefined && (/\.zarr$/i.test(image) || !/\.(zarr|ozx)$/i.test(name));
  return isOfLabels ? `${around}.${image}.labels.${name}.${FINISHED}` : `${folder}.${name}.${FINISHED}`;
}
