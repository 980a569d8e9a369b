import type { ConvertOptions, Plan, Source } from '../protocol/index.ts';
import type { Planner } from './planner.ts';
import { toFailure } from './planner.ts';

/** A plan, and the exact options that it is for. */
export interface Planned {
  plan: Plan;
  options: Partial<ConvertOptions>;
}

/**
 * Plans a conversion. Where the options do not say whether to resume, an unfinished conversion is resumed if it can be:
 * nobody wants to lose hours of work.
 */
export async function planResuming(
  planner: Planner,
  source: Source,
  options: Partial<ConvertOptions>
): Promise<Planned> {
  const plan = await planner.estimate(source, options);
  const { unfinished } = plan;
  if (options.resume !== undefined || !unfinished || unfinished.refusal !== null) {
    return { plan, options };
  }
  const resuming = { ...options, resume: true };
  try {
    return { plan: await planner.estimate(source, resuming), options: resuming };
  } catch (error) {
    const { field, message } = toFailure(error);
    if (field === null) {
      throw error;
    }
    // Only starting over works with these options: resuming may take more memory than they allow.
    return { plan: { ...plan, unfinished: { ...unfinished, refusal: message } }, options };
  }
}

/**
 * Why an unfinished conversion cannot be resumed, unless a person has chosen to start over; null where it can, or there
 * is none.
 */
export function refusalOf({ plan, options }: Planned): string | null {
  return options.resume === false ? null : (plan.unfinished?.refusal ?? null);
}
