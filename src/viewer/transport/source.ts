/** Which bytes of a file: `length` from `offset`, or the last `suffix`, or all; with `stat`, its size alone. */
export interface ByteRangeRequest {
  offset?: number;
  length?: number;
  suffix?: number;
  stat?: boolean;
}

export interface ByteRangeResponse {
  /** Size of the whole file. */
  size: number;
  /** Where `bytes` begin in it. */
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
  /**
   * Tells this file from another that has taken its name, such as the time of its last change; null or left out where
   * that is not known.
   */
  version?: string | null;
}

/**
 * Reads a file of an OME-Zarr; `key` is its path in it. Null says that there is no such file, which for a chunk means
 * fill value: whatever else goes wrong must be thrown.
 */
export type ByteReader = (
  key: string,
  wanted: ByteRangeRequest,
  signal?: AbortSignal
) => Promise<ByteRangeResponse | null>;

/** What has a volume's place cannot be read as one: unlike other errors, this one does not pass by itself. */
export class OtherError extends Error {}

/** An OME-Zarr and how to get at its bytes: over HTTP from the page's own server, or by a function of the page. */
export type ViewerSource = {
  name: string;
  /** Whether its voxels are to be shown as segments, also where its metadata does not say that they are labels. */
  asLabels?: boolean;
} & (
  | {
      /** Address of the folder, its segments encoded. */
      url: string;
      /** Names of what is in the folder now, so that the rest need not be asked for; null where they are not known. */
      list?: () => Promise<string[] | null>;
      reader?: undefined;
    }
  | { reader: ByteReader; url?: undefined; list?: undefined }
);

/** One of the images below a source. */
export function sourceBelow({ name, asLabels, ...source }: ViewerSource, path: string): ViewerSource {
  const below = { name: `${name}/${path}`, ...(asLabels && { asLabels }) };
  const { reader, url } = source;
  if (reader) return { ...below, reader: (key, wanted, signal) => reader(`${path}/${key}`, wanted, signal) };
  return { ...below, url: `${url!.replace(/\/?$/, '/')}${path.split('/').map(encodeURIComponent).join('/')}/` };
}
