import { Kernel } from './kernel.ts';
import { onParentGone } from './parent.ts';
import { Sockets } from './sockets.ts';

/** Runs the Jupyter kernel of a connection file until it is shut down. */
export async function runKernel(connectionFile: string): Promise<void> {
  const kernel = new Kernel(new Sockets(connectionFile));
  process.on('SIGINT', () => kernel.interrupt());
  process.on('SIGTERM', () => void kernel.end());
  process.on('SIGHUP', () => void kernel.end());
  // One request gone wrong must not take the other clients' conversions with it.
  process.on('unhandledRejection', reason => console.error('Unexpected:', reason));
  onParentGone(() => void kernel.end());
  await kernel.start();
}
