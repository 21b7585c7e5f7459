/**
 * A small pretty printer after Wadler: a document says where lines may break, the printer chooses. A group is set
 * on one line where it fits, else all of its own `line`s break.
 */

export type Doc = string | readonly Doc[] | Group | Indent | Line | Suffix | Own | typeof breakParent;
interface Group {
  readonly kind: 'group';
  readonly doc: Doc;
}
interface Indent {
  readonly kind: 'indent';
  readonly doc: Doc;
}
interface Line {
  readonly kind: 'line';
  readonly flat: string | null;
}
interface Suffix {
  readonly kind: 'suffix';
  readonly text: string;
}
interface Own {
  readonly kind: 'own';
  readonly text: string;
}

/** Makes every group around it break. */
export const breakParent = Object.freeze({ kind: 'breakParent' as const });
/** A blank, or a line end. */
export const line: Doc = Object.freeze({ kind: 'line' as const, flat: ' ' });
/** Nothing, or a line end. */
export const softline: Doc = Object.freeze({ kind: 'line' as const, flat: '' });
/** Always a line end. */
export const hardline: Doc = Object.freeze({ kind: 'line' as const, flat: null });

export function group(doc: Doc): Doc {
  return { kind: 'group', doc };
}

/** Lines in `doc` begin two blanks further in. */
export function indent(doc: Doc): Doc {
  return { kind: 'indent', doc };
}

/** Text with a line of its own, whatever stands around it: a comment. */
export function ownLine(text: string): Doc {
  return { kind: 'own', text };
}

/** Text that goes to the end of the line it falls on: a comment. */
export function suffix(text: string): Doc {
  return { kind: 'suffix', text };
}

export function join(separator: Doc, docs: readonly Doc[]): Doc {
  return docs.flatMap((doc, i) => (i === 0 ? [doc] : [separator, doc]));
}

interface Command {
  readonly depth: number;
  readonly flat: boolean;
  readonly doc: Doc;
}

/** The document as text, lines no wider than `width` where it can be. No line end behind the last line. */
export function printDoc(root: Doc, width: number): string {
  const forced = findForced(root);
  const stack: Command[] = [{ depth: 0, flat: false, doc: root }];
  const out = new Output();
  for (let command = stack.pop(); command !== undefined; command = stack.pop()) {
    const { depth, flat, doc } = command;
    if (typeof doc === 'string') out.text(doc, depth);
    else if (!('kind' in doc)) pushAll(stack, doc, depth, flat);
    else if (doc.kind === 'indent') stack.push({ depth: depth + 2, flat, doc: doc.doc });
    else if (doc.kind === 'suffix') out.pending += doc.text;
    else if (doc.kind === 'own') out.ownLine(doc.text, depth);
    else if (doc.kind === 'group') {
      const next = { depth, flat: true, doc: doc.doc };
      const stays = flat || (!forced.has(doc) && fits(next, stack, width - out.column));
      stack.push(stays ? next : { ...next, flat: false });
    } else if (doc.kind === 'line') {
      if (flat && doc.flat !== null) out.text(doc.flat, depth);
      else out.newLine(depth);
    }
  }
  return out.finish();
}

class Output {
  #done = '';
  #line = '';
  /** The line holds a comment that nothing may follow. */
  #closed = false;
  /** What goes to the end of the line. */
  pending = '';

  get column(): number {
    return this.#line.length - (this.#line.lastIndexOf('\n') + 1);
  }

  text(text: string, depth: number): void {
    if (this.#closed && text !== '') this.newLine(depth);
    this.#line += text;
  }

  ownLine(text: string, depth: number): void {
    if (this.#line.trim() !== '' || this.pending !== '') this.newLine(depth);
    this.#line += text;
    this.#closed = true;
  }

  newLine(depth: number): void {
    this.#done += `${this.#line.trimEnd()}${this.pending}\n`;
    this.#line = ' '.repeat(depth);
    this.pending = '';
    this.#closed = false;
  }

  finish(): string {
    return `${this.#done}${this.#line.trimEnd()}${this.pending}`;
  }
}

function pushAll(stack: Command[], docs: readonly Doc[], depth: number, flat: boolean): void {
  for (let i = docs.length - 1; i >= 0; i--) {
    const doc = docs[i];
    if (doc !== undefined) stack.push({ depth, flat, doc });
  }
}

/** Whether `first`, and what follows it up to the next line end that is sure to come, takes at most `room` columns. */
function fits(first: Command, rest: readonly Command[], room: number): boolean {
  const stack: Command[] = [first];
  let left = room;
  let next = rest.length - 1;
  while (left >= 0) {
    let command = stack.pop();
    if (command === undefined) {
      command = rest[next--];
      if (command === undefined) return true;
    }
    const { depth, flat, doc } = command;
    if (typeof doc === 'string') {
      // A text that spans lines (sql) ends the line it begins on.
      const end = doc.indexOf('\n');
      if (end !== -1) return end <= left;
      left -= doc.length;
    } else if (!('kind' in doc)) pushAll(stack, doc, depth, flat);
    else if (doc.kind === 'indent') stack.push({ depth, flat, doc: doc.doc });
    else if (doc.kind === 'group') stack.push({ depth, flat, doc: doc.doc });
    else if (doc.kind === 'line') {
      if (!flat || doc.flat === null) return true;
      left -= doc.flat.length;
    } else if (doc.kind === 'own') return true;
  }
  return false;
}

/** The groups that hold a line end that always comes. */
function findForced(root: Doc): ReadonlySet<Doc> {
  const forced = new Set<Doc>();
  const visit = (doc: Doc): boolean => {
    if (typeof doc === 'string') return false;
    if (!('kind' in doc)) {
      let any = false;
      for (const part of doc) if (visit(part)) any = true;
      return any;
    }
    if (doc.kind === 'breakParent' || doc.kind === 'own') return true;
    if (doc.kind === 'line') return doc.flat === null;
    if (doc.kind === 'suffix') return false;
    const any = visit(doc.doc);
    if (any && doc.kind === 'group') forced.add(doc);
    return any;
  };
  visit(root);
  return forced;
}
