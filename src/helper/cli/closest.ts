/** The name that a mistyped word may mean: one that has it in it, or differs in a few letters; null where none does. */
export function closest(word: string, names: readonly string[]): string | null {
  const typed = letters(word);
  if (typed.length < 2) return null;
  const near = names
    .map(name => ({ name, distance: has(letters(name), typed) ? 0.5 : distance(typed, letters(name)) }))
    .reduce((best, each) => (each.distance < best.distance ? each : best));
  return near.distance <= Math.ceil(typed.length / 4) ? near.name : null;
}

const has = (name: string, typed: string): boolean =>
  name.startsWith(typed) || (typed.length > 3 && name.includes(typed));

const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** Letters to be put in, taken out or changed to make the one word the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
  }
  return row[b.length];
}
