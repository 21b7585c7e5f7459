/** First bytes of formats that are no delimited text and no JSON. */
const SIGNATURES: readonly (readonly [string, string, string])[] = [
  ['PAR1', 'it is a Parquet file', 'read it with parquet(…)'],
  ['ARROW1', 'it is an Arrow file', 'read it with arrow(…)'],
  ['PK\x03\x04', 'it is a zip archive (or a spreadsheet)', 'unpack it, or export the sheet as CSV'],
  ['\xd0\xcf\x11\xe0', 'it is a spreadsheet of the old format', 'export the sheet as CSV'],
  ['SQLite format 3\0', 'it is an SQLite database', 'export the table as CSV'],
  ['Obj\x01', 'it is an Avro file', 'convert it to Parquet or NDJSON'],
  ['ORC', 'it is an ORC file', 'convert it to Parquet'],
  ['BZh', 'it is compressed with bzip2', 'decompress it first, or use gzip'],
  ['\xfd7zXZ\0', 'it is compressed with xz', 'decompress it first, or use gzip'],
  ['7z\xbc\xaf', 'it is a 7-Zip archive', 'unpack it first'],
  ['%PDF-', 'it is a PDF document', 'export its tables as CSV'],
  ['\x7fELF', 'it is a program', 'check the path'],
  ['\x89PNG', 'it is an image', 'check the path'],
  ['\xff\xd8\xff', 'it is an image', 'check the path'],
  ['GIF8', 'it is an image', 'check the path'],
];

/** What a file is whose first bytes are those of a binary format; null for what may be text. */
export function foreignFormat(head: Uint8Array): { readonly what: string; readonly hint: string } | null {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString('latin1');
  const found = SIGNATURES.find(([signature]) => start.startsWith(signature) && isBinary(signature, head));
  return found === undefined ? null : { what: found[1], hint: found[2] };
}

/** A signature of letters only is no proof: a header may begin with them. */
function isBinary(signature: string, head: Uint8Array): boolean {
  return (
    /[^ -~]/.test(signature) || head.subarray(0, 4096).some((b) => b < 9 || b === 127 || (b > 13 && b < 32 && b !== 27))
  );
}
