import { constants } from 'node:os';
import { dirname } from 'node:path';
import { Kernel } from './kernel.ts';
import { onParentGone } from '../parent.ts';
import { Sockets } from './sockets.ts';

/** Runs the Jupyter kernel of a connection file until it is shut down. */
export async function runKernel(connectionFile: string): Promise<void> {
  const kernel = new Kernel(new Sockets(connectionFile), dirname(connectionFile));
  process.on('SIGINT', () => kernel.interrupt());
  for (const name of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => void kernel.end(`ended by ${name}`, 128 + constants.signals[name]));
  }
  // One request gone wrong must not take the other clients' conversions with it.
  process.on('unhandledRejection', reason => console.error('Unexpected:', reason));
  onParentGone(() => void kernel.end('ended, because the server has gone'));
  await kernel.start();
}
