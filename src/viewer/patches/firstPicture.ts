import type { ChunkQueueManager } from 'neuroglancer/unstable/chunk_manager/frontend.js';
import type { DisplayContext } from 'neuroglancer/unstable/display_context.js';

/** Milliseconds between two looks whether the graphics are done. */
const INTERVAL = 10;

/**
 * Calls back when the first voxels that come have been painted, and not only been handed to the graphics, which may be
 * the processor. Until the returned function is called.
 */
export function onFirstPicture(display: DisplayContext, chunks: ChunkQueueManager, say: () => void): () => void {
  const { gl } = display;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (painted: WebGLSync): void => {
    if (gl.getSyncParameter(painted, gl.SYNC_STATUS) === gl.UNSIGNALED) {
      timer = setTimeout(() => look(painted), INTERVAL);
      return;
    }
    gl.deleteSync(painted);
    say();
  };
  let forget = chunks.visibleChunksChanged.add(() => {
    forget();
    forget = display.updateFinished.add(() => {
      forget();
      const painted = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
      gl.flush();
      if (painted) look(painted);
    });
  });
  return () => {
    forget();
    clearTimeout(timer);
  };
}
