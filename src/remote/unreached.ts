import { errorName } from '../model/error-name.ts';
import { hasProxy } from './proxies.ts';

const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_UNTRUSTED)$/;

const orProxy = (what: string): string => (hasProxy() ? `, or ${what} the proxy (HTTPS_PROXY, HTTP_PROXY)` : '');

/** As in `connect ECONNREFUSED 127.0.0.1:9000`; of a name with several addresses, the first. */
function placeOf(error: unknown): string {
  const { errors: [first] = [error] } = error as Partial<AggregateError>;
  const { address, port } = first as { address?: string; port?: number };
  // Behind a proxy it is the proxy's.
  return address === undefined || hasProxy()
    ? 'there'
    : `at ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/**
 * Why no connection to a server came about, or it ended, in words where there are some; null where the system did not
 * say.
 */
export function unreached(error: unknown): string | null {
  const code = errorName(error);
  if (code === null) return null;
  if (code === 'ENOTFOUND') return `no server of this name is known${orProxy('none of the name of')}, ${code}`;
  if (code === 'ECONNREFUSED') return `nothing answers ${placeOf(error)}${orProxy('at')}, ${code}`;
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return `what answers speaks no TLS that is understood here, ${code}: https:// may have to be http://`;
  if (code === 'ERR_PROXY_TUNNEL') return `the proxy that HTTPS_PROXY names lets nobody through to it, ${code}`;
  if (code === 'CERT_HAS_EXPIRED') return `the server's certificate has expired, ${code}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the server's certificate is for another name, ${code}`;
  if (UNTRUSTED.test(code))
    return `the server's certificate is of no authority that is known here, ${code}; if it is your institution's, set NODE_EXTRA_CA_CERTS to the file of that authority's certificate`;
  return code;
}
