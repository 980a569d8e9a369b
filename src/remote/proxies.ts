import type { AgentOptions } from 'node:http';

/** Has connections go by way of `HTTPS_PROXY` and `HTTP_PROXY`, but to the hosts of `NO_PROXY` (Node from 24.5 on). */
export const PROXIES: Pick<AgentOptions, 'proxyEnv'> = { proxyEnv: process.env };

/** Whether there is one. */
export const hasProxy = (): boolean =>
  ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some(name => (process.env[name] ?? '') !== '');
