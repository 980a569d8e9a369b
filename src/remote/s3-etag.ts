/** An ETag as it is compared: servers write it in quotes. */
export const unquoted = (etag: string | undefined): string => (etag ?? '').replace(/^"|"$/g, '');
export const quoted = (etag: string): string => `"${etag}"`;

/**
 * What most ETags are. By a module that is loaded only here, since every thread that reads would wait for it otherwise.
 */
export const md5 = (bytes: Uint8Array) => process.getBuiltinModule('node:crypto').createHash('md5').update(bytes);
