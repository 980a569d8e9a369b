import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** Places where nothing was set up, which is no reason. */
const NOTHING_THERE =
  /^(Not found in|Skipping|AWS_PROFILE is set|Unable to find environment|Profile .* (could not be found in shared|did not contain)|Could not resolve credentials using profile: \[default\]|Web identity configuration not specified|EC2 Instance Metadata Service access disabled|AWS_EC2_METADATA_V1_DISABLED not set)/;
/** The first place of each search. */
const BEGINS = /defaultProvider::fromEnv$|AWS_PROFILE is set/;
const MOST = 50;
const CONTAINER = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];

/** Where the SDK looked for credentials in vain: it throws only that it found none, and logs why. */
export class Searched {
  #said: string[] = [];

  /** Without `info`, for which it would make a copy of each request. */
  readonly logger = {
    debug: (said: unknown) => {
      if (BEGINS.test(String(said))) this.#said = [];
      const [, why] = /^@smithy\/property-provider -> (?:Error: )?([^\n]+)/.exec(String(said)) ?? [];
      if (why !== undefined && !NOTHING_THERE.test(why)) this.#said = [...this.#said, why].slice(-MOST);
    },
    // It would go to standard error, among the progress.
    warn: () => {}
  } as unknown as S3ClientConfig['logger'];

  /** The first reason of the last search; null: nothing was set up anywhere. */
  get reason(): string | null {
    const [why = null] = this.#said;
    const container = CONTAINER.find(name => process.env[name]);
    if (container === undefined || process.env.AWS_PROFILE) return why;
    return `the server that ${container} names gives none${why === null ? '' : `: ${why}`}`;
  }
}
