/** A one in each of three bytes. */
const ONES: u32 = 0x010101;

/**
 * What the quotes of text[from, length) make of the states 0, 1, 2 that it may start in (engine/formats/csv_quotes.ts tells them), each a byte of the
 * result; text[0, from) is what stands before. `states`: those three bytes at `from`. Up to 63 bytes behind the text are read.
 */
export function csv_quotes(
  text: u32,
  from: u32,
  length: u32,
  quote: u32,
  delimiter: u32,
  newline: u32,
  states: u32,
): u32 {
  const quotes = i8x16.splat(<i8>quote);
  let now = states;
  /** Behind the last quote. */
  let behind = from;
  for (let i = from; i < length; i += 64) {
    const at = text + i;
    const a = i8x16.eq(v128.load(at), quotes);
    const b = i8x16.eq(v128.load(at, 16), quotes);
    const c = i8x16.eq(v128.load(at, 32), quotes);
    const d = i8x16.eq(v128.load(at, 48), quotes);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    let bits =
      <u64>(<u32>i8x16.bitmask(a)) |
      ((<u64>(<u32>i8x16.bitmask(b))) << 16) |
      ((<u64>(<u32>i8x16.bitmask(c))) << 32) |
      ((<u64>(<u32>i8x16.bitmask(d))) << 48);
    if (length - i < 64) bits &= ((<u64>1) << (length - i)) - 1;
    for (; bits; bits &= bits - 1) {
      const q = i + <u32>ctz<u64>(bits);
      const before = q === 0 ? newline : <u32>load<u8>(text + q - 1);
      const opens = <u32>(before === delimiter || before === newline);
      const again = opens | <u32>(q === behind);
      const inside = now & ONES;
      const closed = (now >> 1) & ONES;
      now = ((ONES ^ inside ^ closed) * opens) | (closed * again) | (inside << 1);
      behind = q + 1;
    }
  }
  // A quote met inside, and then another byte: it closed.
  return length > behind ? now & ONES : now;
}
