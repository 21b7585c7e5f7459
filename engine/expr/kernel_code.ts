import { conjuncts, type Expr } from '../expr.ts';
import { narrow } from '../functions/ints.ts';
import { T } from '../types.ts';
import { isIntLike } from './forms.ts';
import type { Gen, Input, Mode, Slot } from './gen.ts';
import { argAs } from './gen_call.ts';
import { newGen } from './gen_expr.ts';
import { type OutForm, storeCode } from './outputs.ts';

/** filter: writes the numbers of the rows where the one expression is true. project: one buffer an expression. values: one array an expression. */
export type KernelKind = 'filter' | 'project' | 'values';

/** Where the trace variant notes what it is about to do. */
export interface Trace {
  node: number;
  row: number;
}

/**
 * Generated code. `rows`: how many; `select`: their numbers, unless dense. `args` as `inputs` say; `outs`: buffer and validity of each output by turns;
 * `nulls[j]` counts the nulls of output j. Gives LEAVE, or: filter - the number of selected rows; otherwise 0, or j + 1 when output j needs 64 bits.
 */
export type KernelFn = (
  rows: number,
  select: Uint32Array | null,
  args: readonly unknown[],
  outs: readonly unknown[],
  nulls: Int32Array,
  trace: Trace,
) => number;

export interface KernelCode {
  readonly fn: KernelFn;
  readonly inputs: readonly Input[];
  /** Whether output j may hold nulls. */
  readonly nullable: readonly boolean[];
  /** Nodes by the number that the trace notes. */
  readonly nodes: readonly Expr[];
  readonly source: string;
}

export interface KernelRequest {
  readonly kind: KernelKind;
  readonly exprs: readonly Expr[];
  readonly slots: readonly Slot[];
  readonly mode: Mode;
  readonly dense: boolean;
  readonly forms: readonly OutForm[];
  readonly trace: boolean;
}

export function generate(r: KernelRequest): KernelCode {
  const g = newGen(r.slots, r.mode, r.trace);
  const nullable: boolean[] = [];
  if (r.kind === 'filter') genFilter(g, r.exprs[0] as Expr);
  else
    r.exprs.forEach((e, j) => {
      const val = g.gen(e);
      nullable.push(val.n !== 'false');
      const form = r.forms[j] as OutForm;
      const canonical =
        r.kind === 'values' && isIntLike(e.type) && r.mode === 'wide'
          ? { ...val, v: `${g.bind(narrow)}(${val.v})` }
          : val;
      g.emit(storeCode(form, r.mode, canonical, j));
      if (val.n !== 'false' && form !== 'values')
        g.emit(`if (${val.n}) { m${j}[k >> 3] &= ~(1 << (k & 7)); c${j}++; }`);
      else if (val.n !== 'false')
        g.emit(`if (${val.n}) { c${j}++; if (m${j} !== null) m${j}[k >> 3] &= ~(1 << (k & 7)); }`);
    });
  const source = assemble(r, g.inputs.length, g.params.length, g.lines);
  // The one place where text becomes code: it holds names of ours only, and everything of the user's comes in through P.
  // oxlint-disable-next-line typescript/no-implied-eval
  const factory = new Function('P', source) as (params: readonly unknown[]) => KernelFn;
  return { fn: factory(g.params), inputs: g.inputs, nullable, nodes: g.nodes, source };
}

/** A row that some term is not true for is done with: what comes behind the term may fail for it. */
function genFilter(g: Gen, predicate: Expr): void {
  const terms = conjuncts(predicate);
  terms.forEach((term, k) => {
    const val = g.gen(argAs(term, T.bool));
    const passes = val.n === 'false' ? val.v : `!${val.n} && ${val.v}`;
    g.emit(k < terms.length - 1 ? `if (!(${passes})) continue;` : `o0[m] = i; if (${passes}) m++;`);
  });
}

function assemble(r: KernelRequest, inputs: number, params: number, body: readonly string[]): string {
  const filter = r.kind === 'filter';
  const outs = r.exprs.map((_, j) =>
    filter ? 'const o0 = O[0];' : `const o${j} = O[${2 * j}], m${j} = O[${2 * j + 1}]; let c${j} = 0;`,
  );
  const names = (prefix: string, from: string, count: number): string =>
    Array.from({ length: count }, (_, k) => `const ${prefix}${k} = ${from}[${k}];`).join(' ');
  return [
    "'use strict';",
    names('p', 'P', params),
    'return function kernel(rows, S, A, O, R, T) {',
    names('a', 'A', inputs),
    ...outs,
    ...(filter ? ['let m = 0;'] : []),
    'for (let k = 0; k < rows; k++) {',
    `const i = ${r.dense ? 'k' : 'S[k]'};`,
    ...body,
    '}',
    ...(filter ? ['return m;'] : [...r.exprs.map((_, j) => `R[${j}] = c${j};`), 'return 0;']),
    '};',
  ].join('\n');
}
