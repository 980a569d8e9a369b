import { ConvertError } from '../model/errors.ts';
import type { SourceLayout } from '../model/source-layout.ts';
import { type Fingerprint, changed, fingerprint } from '../reader/fingerprint.ts';

/**
 * Looks whether a source is as it was when it was opened: else what was read may be of before and after. Of remote
 * ones each answer is looked at.
 *
 * @throws ConvertError `truncated`
 */
export function checkUnchanged(source: string, layout: SourceLayout, before: Fingerprint): void {
  if (layout.kind === 'stream') return;
  let now: Fingerprint;
  try {
    now = fingerprint(layout);
  } catch {
    // It is gone, when all of it had been read.
    return;
  }
  const difference = changed(before, now);
  if (!difference) return;
  throw new ConvertError(
    'truncated',
    `${source}: it was written to while it was read (${difference}), so that old and new voxels may be mixed: start again when it is whole`,
    'source'
  );
}
