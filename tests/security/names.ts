// Names and texts that break out of code, of objects and of quotes where somebody puts them there as they are.

/** What code does that came from a name or a text: leaves a file. */
export const payload = (file: string): string =>
  `(globalThis.process.getBuiltinModule?.("fs")??globalThis.process.mainModule?.require("fs"))?.writeFileSync(${JSON.stringify(file)},"")`;

/** Texts around a payload, each for another place that code may have. */
export function attacks(file: string): readonly string[] {
  const run = payload(file);
  return [
    `"];${run}//`,
    `'];${run}//`,
    `\`];${run}//`,
    `\${${run}}`,
    `*/${run}/*`,
    `//\u2028${run}//`,
    `//\n${run}//`,
    `\\";${run}//`,
    `\\';${run}//`,
    `});${run};({`,
    `</script><script>${run}</script>`,
    `constructor.constructor('${run.replaceAll('"', '\\"')}')()`,
    `0;${run}`,
  ];
}

/** Members that every object has, and others that stand for something. */
export const MEMBERS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'length',
  'then',
  'default',
  'null',
  'undefined',
  'NaN',
  'this',
  'p0',
  'a0',
  'i',
  '0',
  '-1',
] as const;

/** Characters with a meaning somewhere. */
export const CHARACTERS = [
  '"',
  "'",
  '`',
  '\\',
  '$',
  '${}',
  '{}',
  '%s',
  '\n',
  '\r\n',
  '\t',
  '\u2028',
  '\u2029',
  '\0x',
  '\u200b',
  '\ufeff',
  '\u202e',
  '日本',
  '😀',
  'e\u0301',
  ' lead',
  'trail ',
  'a,b',
  'a.b',
  'a=b',
  'x'.repeat(300),
] as const;

/** Half of a character: no file can hold it. */
export const SURROGATES = ['\ud800', '\udc00x', 'x\ud83d'] as const;
