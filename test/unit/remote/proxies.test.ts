// Proxies of the environment: as other programs take them, and never shown with their passwords.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ConvertError } from '../../../src/model/errors.ts';
import { proxies } from '../../../src/remote/proxies.ts';

const before = process.env.HTTPS_PROXY;
after(() => (before === undefined ? delete process.env.HTTPS_PROXY : (process.env.HTTPS_PROXY = before)));

test('a proxy without a scheme is one; what is no address is refused, and not shown', () => {
  process.env.HTTPS_PROXY = 'me:secret@proxy:3128';
  assert.equal(proxies().proxyEnv?.HTTPS_PROXY, 'http://me:secret@proxy:3128');
  process.env.HTTPS_PROXY = 'http://me:sec/ret@proxy:3128';
  assert.throws(proxies, (error: ConvertError) => {
    assert.match(error.message, /^HTTPS_PROXY is no address of a proxy/);
    return error instanceof ConvertError && !/sec/.test(error.message.replaceAll('PASSWORD', ''));
  });
});
