/** Kernels that read delimited text and lines of JSON. A job is the address of words that engine/formats/csv_kernels.ts and json_kernels.ts lay out. */
export interface CsvKernels {
  csv_index(job: number): void;
  json_rows(job: number): void;
  csv_quotes(
    text: number,
    from: number,
    length: number,
    quote: number,
    delimiter: number,
    newline: number,
    states: number,
  ): number;
  csv_int_32(job: number): void;
  csv_int_64(job: number): void;
  csv_float(job: number): void;
  csv_decimal_32(job: number): void;
  csv_decimal_64(job: number): void;
  csv_bool(job: number): void;
  csv_date(job: number): void;
  csv_timestamp(job: number): void;
  csv_text_room(job: number): number;
  csv_text(job: number): void;
  csv_dictionary(job: number, slots: number, entries: number): number;
  csv_dictionary_offsets(entries: number, count: number, offsets: number): number;
  csv_dictionary_bytes(entries: number, count: number, out: number): void;
  csv_codes(
    offsets: number,
    bytes: number,
    validity: number,
    rows: number,
    codes: number,
    slots: number,
    entries: number,
  ): number;
}
