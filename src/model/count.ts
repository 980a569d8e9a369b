/** `3 chunks`; `number` writes the number. */
export const count = (n: number, noun: string, number: (n: number) => string = String): string =>
  `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
