import type { Json } from '../model/json.ts';

/** What the chunks of an array are encoded with, by the array's metadata: of Blosc, also what is in its frames. */
export function compressionOf({ codecs, compressor }: Json): string[] {
  const encoders = Array.isArray(codecs) ? codecs : [compressor];
  return encoders.flatMap((encoder: unknown): string[] => {
    const { name, id, configuration, cname } = (encoder ?? {}) as Record<string, unknown>;
    const said = (configuration ?? {}) as Json;
    const inner = name === 'sharding_indexed' ? compressionOf(said) : [];
    return [name, id, cname, said.cname].filter(each => typeof each === 'string').concat(inner);
  });
}
