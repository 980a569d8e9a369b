/**
 * Has all items worked on, no more than `most` of them at a time. When one fails no more are begun, and its error is
 * thrown once those under way have ended.
 */
export async function atOnce<T>(most: number, items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const goOn = async (): Promise<void> => {
    try {
      for (let step = left.next(); errors.length === 0 && !step.done; step = left.next()) await work(step.value);
    } catch (error) {
      errors.push(error);
    }
  };
  await Promise.all(Array.from({ length: most }, goOn));
  if (errors.length > 0) throw errors[0];
}
