/** Characters of a name, and how many images a message lists. */
const LONGEST = 60;
const MOST = 10;

/** The first of many words, and how many more there are; each no longer than a person reads. */
export function shortly(words: readonly string[], most = MOST): string {
  const clipped = words.slice(0, most).map(word => (word.length > LONGEST ? `${word.slice(0, LONGEST)}…` : word));
  return clipped.join(', ') + (words.length > most ? ` and ${words.length - most} more` : '');
}
