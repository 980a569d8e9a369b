import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { allotment, processors } from '../../../src/pyramid/allotment.ts';
import { scratch } from '../scratch.ts';

const MiB = 2 ** 20;

/** Bytes of which nine tenths are so many. */
const ninths = (limit: number): number => Math.floor((0.9 * limit) / MiB) * MiB;

test('threads are those of the job, and never more than the system gives', () => {
  assert.equal(processors({}, 64), 64);
  assert.equal(processors({ SLURM_CPUS_PER_TASK: '8' }, 64), 8);
  assert.equal(processors({ SLURM_CPUS_ON_NODE: '3' }, 64), 3);
  assert.equal(processors({ LSB_DJOB_NUMPROC: '4' }, 64), 4);
  assert.equal(processors({ SLURM_CPUS_PER_TASK: '8' }, 2), 2);
  assert.equal(processors({ SLURM_CPUS_PER_TASK: 'many' }, 3), 3);
});

const allottedMemory = (env: Record<string, string>, root: string): number | null =>
  allotment(env, root)?.bytes ?? null;

const { fresh } = scratch('allotment');

test('memory is that of the job, by its scheduler or its control group, whichever is less', () => {
  const root = fresh();
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  assert.equal(allottedMemory({}, root), null);
  assert.equal(allottedMemory({ SLURM_MEM_PER_NODE: '2048' }, root), ninths(2 ** 31));
  assert.equal(allottedMemory({ SLURM_MEM_PER_NODE: '0' }, root), null);
  assert.equal(allottedMemory({ SLURM_MEM_PER_CPU: '512', SLURM_CPUS_PER_TASK: '4' }, root), ninths(2 ** 31));
  put('proc/self/cgroup', '5:cpu,memory:/slurm/job_7\n0::/user/job\n');
  put('sys/fs/cgroup/user/job/memory.max', 'max\n');
  put('sys/fs/cgroup/user/memory.max', `${3 * 2 ** 30}\n`);
  assert.equal(allottedMemory({}, root), ninths(3 * 2 ** 30));
  put('sys/fs/cgroup/memory/memory.limit_in_bytes', '9223372036854771712\n');
  put('sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes', `${2 ** 30}\n`);
  assert.equal(allottedMemory({ SLURM_MEM_PER_NODE: '2048' }, root), ninths(2 ** 30));
  assert.match(
    allotment({}, root)!.of,
    /^nine tenths of the 1\.00 GiB of this job's control group \(.*job_7\/memory\.limit/
  );
  const { bytes, of } = allotment({ SLURM_MEM_PER_NODE: '1' }, root)!;
  assert.ok(bytes > 0 && bytes < MiB);
  assert.equal(of, 'nine tenths of the 1.00 MiB of SLURM_MEM_PER_NODE=1');
});
