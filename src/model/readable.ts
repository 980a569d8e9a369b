/** Character that a command line, or a page, makes of a byte of a file's name that is no UTF-8. */
export const LOST = '\ufffd';

/** A path or text that may name such files, for people and documents. */
export const readable = (text: string): string => text.toWellFormed();
