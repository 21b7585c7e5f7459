/** Arguments of the builder's methods as parts of steps. */
import type * as Ast from '../../grammar/ast.ts';
import { Expr, type ExprInput, type SortKey, toExpr, toSortKey } from './expr.ts';
import { make, name } from './nodes.ts';

/** Named expressions: `{ gross: col('salary').add('tax') }`. */
export type Items = Readonly<Record<string, ExprInput>>;

/** Expressions that keep their names (columns), and named ones. */
export type ItemList = ExprInput | Items | readonly (ExprInput | Items)[];

export type SortInput = ExprInput | SortKey;

function isItems(input: unknown): input is Items {
  return typeof input === 'object' && input !== null && !(input instanceof Expr) && !Array.isArray(input);
}

export function namedItems(items: Items): Ast.NamedExpr[] {
  return Object.entries(items).map(([key, value]) => make('namedExpr', { name: name(key), value: toExpr(value) }));
}

export function itemList(input: ItemList | undefined): Ast.NamedExpr[] {
  if (input === undefined) return [];
  const list: readonly (ExprInput | Items)[] = Array.isArray(input) ? input : [input as ExprInput | Items];
  return list.flatMap((one) =>
    isItems(one) ? namedItems(one) : [make('namedExpr', { name: null, value: toExpr(one) })],
  );
}

/** Several sets of keys behind `by`. */
export class Grouping {
  readonly ast: Ast.GroupingSets;

  constructor(form: Ast.GroupingSets['form'], sets: readonly ItemList[]) {
    this.ast = make('groupingSets', {
      form,
      sets: sets.map((keys) => make('groupingSet', { keys: itemList(keys) })),
    });
  }
}

/** Keys, and sets of keys. */
export type GroupInput = ItemList | Grouping | readonly (ExprInput | Items | Grouping)[];

/** Subtotals from the right: `(a, b)`, `(a)`, `()`. */
export function rollup(...keys: readonly (ExprInput | Items)[]): Grouping {
  return new Grouping('rollup', [keys]);
}

/** Every set of some of the keys. */
export function cube(...keys: readonly (ExprInput | Items)[]): Grouping {
  return new Grouping('cube', [keys]);
}

/** The sets that are named: `sets(['a', 'b'], 'a', [])`. */
export function sets(...all: readonly ItemList[]): Grouping {
  return new Grouping('sets', all);
}

export function groupList(input: GroupInput | undefined): Ast.GroupElement[] {
  if (input === undefined) return [];
  const list = (Array.isArray(input) ? input : [input]) as readonly (ExprInput | Items | Grouping)[];
  return list.flatMap((one): Ast.GroupElement[] => (one instanceof Grouping ? [one.ast] : itemList(one)));
}

/** What `select`, `drop` and `features` take: `*`, patterns (`x_*`), columns and named expressions. */
export type SelectInput = ExprInput | Items | Except;

/** `* except a, b` */
export class Except {
  readonly ast: Ast.Star;

  constructor(names: readonly string[]) {
    this.ast = make('star', { except: names.map((one) => name(one)) });
  }
}

/** All columns but those. */
export function except(...names: readonly string[]): Except {
  return new Except(names);
}

export function selectItems(inputs: readonly SelectInput[]): Ast.SelectItem[] {
  return inputs.flatMap((input): Ast.SelectItem[] => {
    if (input instanceof Except) return [input.ast];
    if (input === '*') return [make('star', { except: [] })];
    if (typeof input === 'string' && /^[\p{L}\p{N}_*?]*[*?][\p{L}\p{N}_*?]*$/u.test(input))
      return [make('pattern', { pattern: input })];
    return itemList(input);
  });
}

export function sortKeys(inputs: readonly (SortInput | readonly SortInput[])[]): Ast.SortKey[] {
  return inputs.flatMap((input) => (Array.isArray(input) ? input : [input]) as readonly SortInput[]).map(toSortKey);
}
