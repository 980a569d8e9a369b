import type { Json } from '../../model/json.ts';

/** Names of an array's codecs, by its metadata; for Blosc also that of the compressor in its frames. */
export function compressionOf({ codecs, compressor }: Json): string[] {
  const encoders = Array.isArray(codecs) ? codecs : [compressor];
  return encoders.flatMap((encoder: unknown): string[] => {
    const { name, id, configuration, cname } = (encoder ?? {}) as Record<string, unknown>;
    const said = (configuration ?? {}) as Json;
    const inner = name === 'sharding_indexed' ? compressionOf(said) : [];
    return [name, id, cname, said.cname].filter(each => typeof each === 'string').concat(inner);
  });
}
