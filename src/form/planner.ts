import type { ConvertOptions, Failure, Plan, Source, OmeZarrInfo, VolumeInfo } from '../protocol/index.ts';

/** Planner behind the form. Both methods reject with an `Error` that carries the contents of a `Failure`. */
export interface Planner {
  inspect(source: Source): Promise<VolumeInfo>;
  /** `makesFolder`: that the output has no folder yet is told in the plan. */
  estimate(source: Source, options: Partial<ConvertOptions>, makesFolder?: boolean): Promise<Plan>;
}

/** The source as a volume that can be converted. @throws Error for an OME-Zarr, which is converted already */
export function asVolume(info: VolumeInfo | OmeZarrInfo): VolumeInfo {
  if (info.format === 'ome-zarr') throw new Error(`${info.source}: is an OME-Zarr already`);
  return info;
}

/** The failure that an error carries; one without a code concerns no field. */
export function toFailure(error: unknown): Failure {
  const { code, field, message, at, options, problems } = (error ?? {}) as Partial<Failure>;
  return {
    code: code ?? 'internal',
    field: field ?? null,
    message: message ?? String(error),
    ...(at !== undefined && { at }),
    ...(options && { options }),
    ...(problems && { problems })
  };
}
