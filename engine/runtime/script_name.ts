/** What stands for the folder of the scripts whose compiled code is kept (code_cache.ts), in frames of errors. */
export const SCRIPTS = 'flowc-code:///';
