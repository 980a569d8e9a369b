import type { AgentOptions } from 'node:http';
import { ConvertError } from '../model/errors.ts';

const NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * Has connections go by way of `HTTPS_PROXY` and `HTTP_PROXY`, but to the hosts of `NO_PROXY` (Node from 24.5 on).
 *
 * @throws ConvertError `unreadable` for what is no address, which Node would show with its password
 */
export function proxies(): Pick<AgentOptions, 'proxyEnv'> {
  const proxyEnv = { ...process.env };
  for (const name of NAMES) {
    const given = proxyEnv[name];
    if (!given) continue;
    // Without a scheme, as others take it: Node would connect directly.
    const address = given.includes('://') ? given : `http://${given}`;
    if (!URL.canParse(address))
      throw new ConvertError(
        'unreadable',
        `${name} is no address of a proxy: set it to http://HOST:PORT or http://NAME:PASSWORD@HOST:PORT, with what is not a letter or a digit in the password as %XX, or unset it`
      );
    proxyEnv[name] = address;
  }
  return { proxyEnv };
}

/** Whether there is one. */
export const hasProxy = (): boolean => NAMES.some(name => (process.env[name] ?? '') !== '');
