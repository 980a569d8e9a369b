/** Name and version of the browser module of the widgets; the Python classes ask for `^0.1.0`. */
export const MODULE_NAME = 'microct-io-vis';
export const MODULE_VERSION = '0.1.0';
