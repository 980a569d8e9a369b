/** Version of this program, as package.json has it (a test compares them). */
export const VERSION = '0.1.0';
/** Name of this program in metadata and file names. */
export const TOOL = 'microct-io-vis';
