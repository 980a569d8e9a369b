import type { StartParams } from '../../form/index.ts';
import type { Job } from '../../protocol/index.ts';

/**
 * Queues conversions, one after the other. One that is refused does not stop the others; `refused` says why.
 *
 * @param isWanted - whether a person still wants what is not queued yet
 */
export async function queueAll(
  starts: readonly StartParams[],
  start: (params: StartParams) => Promise<Job>,
  isWanted: () => boolean
): Promise<{ jobs: Job[]; refused: string[] }> {
  const jobs: Job[] = [];
  const refused: string[] = [];
  for (const params of starts) {
    if (!isWanted()) break;
    try {
      jobs.push(await start(params));
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  return { jobs, refused };
}
