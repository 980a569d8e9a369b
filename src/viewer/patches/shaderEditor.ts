/**
 * Has editors of shaders drawn when they come into sight. Neuroglancer watches for that from the page's body, which in
 * JupyterLab is not what the editors are placed by: they stay empty until somebody clicks them.
 *
 * @returns what ends it
 */
export function drawEditors(element: HTMLElement): () => void {
  const seen = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) (target as Element & { CodeMirror?: { refresh(): void } }).CodeMirror?.refresh();
    }
  });
  const added = new MutationObserver(() => {
    for (const editor of element.querySelectorAll('.CodeMirror')) seen.observe(editor);
  });
  added.observe(element, { childList: true, subtree: true });
  return () => {
    added.disconnect();
    seen.disconnect();
  };
}
