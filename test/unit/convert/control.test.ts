import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ending } from '../../../src/convert/control.ts';
import { interrupted } from '../../../src/model/errors.ts';

const never = new Promise<never>(() => {});

test('what was cancelled before it began is ended, too', async () => {
  await assert.rejects(Ending.before(AbortSignal.abort(), never), { code: 'cancelled' });
  await assert.rejects(new Ending(AbortSignal.abort(interrupted('ended by SIGTERM'))).race(never), {
    code: 'interrupted'
  });
});
