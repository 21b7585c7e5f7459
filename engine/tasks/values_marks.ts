/** Stands in a hole for a value that is no object, until all is read: V8 takes nothing but objects from us. */
export class Mark {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Puts the values of marks in their places: in the arrays, objects, Maps and Sets of `root`, which is an array. Does not look into what fills other holes. */
export function settleMarks(root: unknown, holes: readonly unknown[]): void {
  const seen = new Set<unknown>(holes);
  const open: unknown[] = [root];
  const settled = (v: unknown): unknown => {
    if (v instanceof Mark) return v.value;
    open.push(v);
    return v;
  };
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null || ArrayBuffer.isView(one) || seen.has(one)) continue;
    seen.add(one);
    if (one instanceof Map) {
      const entries = [...one].map(([k, v]): [unknown, unknown] => [settled(k), settled(v)]);
      one.clear();
      for (const [k, v] of entries) one.set(k, v);
    } else if (one instanceof Set) {
      const members = [...one].map(settled);
      one.clear();
      for (const v of members) one.add(v);
    } else if (Array.isArray(one) || Object.getPrototypeOf(one) === Object.prototype) {
      const members = one as Record<string, unknown>;
      for (const key of Object.keys(members)) {
        const v = members[key];
        if (v instanceof Mark)
          Object.defineProperty(members, key, { value: v.value, writable: true, enumerable: true, configurable: true });
        else if (typeof v === 'object' && v !== null) open.push(v);
      }
    }
  }
}
