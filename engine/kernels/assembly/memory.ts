/** From this length on the engine's own copy is faster than a loop. */
const LONG: u32 = 192;

/** Copies `length` bytes; nothing outside of them is read or written. The spans do not overlap. */
export function copy(to: u32, from: u32, length: u32): void {
  if (length >= LONG) {
    memory.copy(to, from, length);
  } else if (length >= 16) {
    const last = length - 16;
    for (let k: u32 = 0; k < last; k += 16) v128.store(to + k, v128.load(from + k));
    v128.store(to + last, v128.load(from + last));
  } else if (length >= 8) {
    const last = length - 8;
    const tail = load<u64>(from + last);
    store<u64>(to, load<u64>(from));
    store<u64>(to + last, tail);
  } else if (length >= 4) {
    const last = length - 4;
    const tail = load<u32>(from + last);
    store<u32>(to, load<u32>(from));
    store<u32>(to + last, tail);
  } else if (length > 0) {
    const middle = length >> 1;
    const last = length - 1;
    const a = load<u8>(from);
    const b = load<u8>(from + middle);
    const c = load<u8>(from + last);
    store<u8>(to, a);
    store<u8>(to + middle, b);
    store<u8>(to + last, c);
  }
}

/** Bit i of a bitmap. */
export function bitAt(bits: u32, i: u32): u32 {
  return (<u32>load<u8>(bits + (i >> 3)) >> (i & 7)) & 1;
}

/** The spans may overlap. */
export function copy_bytes(to: u32, from: u32, length: u32): void {
  memory.copy(to, from, length);
}

export function fill_bytes(to: u32, value: u32, length: u32): void {
  memory.fill(to, <u8>value, length);
}
