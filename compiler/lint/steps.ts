/** Steps whose effect is lost, or that have none. Looks at each pipeline from its source to its end. */
import type * as Ast from '../../grammar/ast.ts';
import { printNode } from '../../grammar/print.ts';
import { walk } from '../../grammar/walk.ts';
import type { Context } from '../bind/context.ts';
import { codes } from '../diagnostics.ts';

export function lintSteps(ctx: Context): void {
  walk(ctx.file, (node) => {
    if (node.kind === 'pipeline') lintPipeline(ctx, node);
    else if (node.kind === 'sort') lintKeys(ctx, 'sort', node.keys);
    else if (node.kind === 'summarize') lintGroups(ctx, node);
    else if (node.kind === 'derive') lintDerive(ctx, node);
    else if (node.kind === 'rename') lintRename(ctx, node);
    else if (node.kind === 'skip' && node.amount.kind === 'int' && Number(node.amount.value) === 0) {
      ctx.report(codes.noEffect, { what: '`skip 0` leaves nothing out' }, node.span);
    } else if (node.kind === 'join' && accidental(node) && !told(ctx, node.on)) {
      ctx.report(codes.crossByAccident, {}, node.on?.span ?? node.verbSpan, {
        suggestion: { text: 'add an equality, or say `join cross` and test with `where`' },
      });
    }
  });
}

/** What is known of the order of the rows at a place in a pipeline. */
interface Order {
  /** The `sort` that fixed it, as long as nothing has used it. */
  sort: Ast.SortStep | null;
  /** The step behind which it is not fixed. */
  lostIn: string | null;
}

function lintPipeline(ctx: Context, { source, steps }: Ast.Pipeline): void {
  const order: Order = { sort: null, lostIn: orderOfSource(ctx, source, 0) };
  for (const [i, step] of steps.entries()) {
    if (step.kind === 'distinct' && steps[i - 1]?.kind === 'summarize' && step.keys.length === 0) {
      ctx.report(codes.noEffect, { what: 'the rows behind `summarize` are distinct already' }, step.span);
    }
    const loses = losesOrder(step);
    if (loses && order.sort !== null && !usesOrder(step)) {
      ctx.report(codes.lostOrder, { by: step.kind }, order.sort.span, {
        related: [{ span: step.verbSpan, message: 'here' }],
        suggestion: { text: `sort behind \`${step.kind}\`` },
      });
    }
    if (step.kind === 'take' && order.lostIn !== null && step.sort.length === 0) {
      ctx.report(codes.unorderedTake, { after: order.lostIn }, step.span, {
        suggestion: { text: `say which ones: \`take ${printNode(step.amount)} sort …\`` },
      });
    }
    after(step, loses, order);
  }
}

function after(step: Ast.Step, loses: boolean, order: Order): void {
  if (step.kind === 'sort') {
    order.sort = step;
    order.lostIn = null;
  } else if (step.kind === 'take' || step.kind === 'shuffle' || step.kind === 'sample') {
    order.sort = null;
    order.lostIn = null;
  } else if (loses) {
    order.sort = null;
    order.lostIn = oneRow(step) ? null : step.kind;
  } else if (!KEEPS.has(step.kind) || hasWindow(step)) {
    // Whatever it does with the order is its business.
    order.sort = null;
  }
}

const KEEPS: ReadonlySet<Ast.StepKind> = new Set([
  'where',
  'remove',
  'derive',
  'select',
  'drop',
  'rename',
  'skip',
  'predict',
]);

/** A window without an order of its own may see the rows in theirs. */
function hasWindow(step: Ast.Step): boolean {
  let found = false;
  walk(step, (node) => {
    if (node.kind === 'over') found = true;
    return !found;
  });
  return found;
}

function losesOrder(step: Ast.Step): boolean {
  return step.kind === 'summarize' || step.kind === 'distinct' || step.kind === 'join' || step.kind === 'pivot';
}

/** `summarize` without keys. */
function oneRow(step: Ast.Step): boolean {
  return step.kind === 'summarize' && step.by.length === 0;
}

const ORDERED: ReadonlySet<string> = new Set([
  'first',
  'last',
  'list',
  'string_agg',
  'any_value',
  'mode',
  'min_by',
  'max_by',
]);

/** Whether the step asks for the order it gets: the first row of each group, aggregates that see rows in order. */
function usesOrder(step: Ast.Step): boolean {
  if (step.kind === 'distinct') return step.keys.length > 0;
  if (step.kind === 'join') return step.joinKind === 'asof';
  let uses = false;
  walk(step, (node) => {
    if (node.kind === 'call' && ORDERED.has(node.name.text)) uses = true;
    return !uses;
  });
  return uses;
}

/** The step behind which the order of a let is not fixed, followed as far as lets go. */
function orderOfSource(ctx: Context, from: Ast.From, depth: number): string | null {
  const { relation } = from;
  const pipeline =
    relation.kind === 'pipeline'
      ? relation
      : relation.kind === 'relationName'
        ? ctx.declared.lets.get(relation.name)?.statement.pipeline
        : undefined;
  if (pipeline === undefined || depth > 100) return null;
  const order: Order = { sort: null, lostIn: orderOfSource(ctx, pipeline.source, depth + 1) };
  for (const step of pipeline.steps) after(step, losesOrder(step), order);
  return order.lostIn;
}

/** Whether something has been said about the condition already. */
function told(ctx: Context, on: Ast.Expr | null): boolean {
  return ctx.report.list.some(({ span }) => on !== null && span.start === on.span.start && span.file === on.span.file);
}

/** A join whose condition holds no comparison by `==` of something with something of the right side. */
function accidental(step: Ast.JoinStep): boolean {
  if (step.joinKind === 'cross' || step.joinKind === 'asof') return false;
  if (step.on === null) return step.joinKind === 'inner';
  const alias = step.alias?.text ?? (step.relation.kind === 'relationName' ? step.relation.name : null);
  if (alias === null) return false;
  return !conjuncts(step.on).some((one) => {
    if (one.kind !== 'binary' || (one.op !== '==' && one.op !== 'is')) return false;
    const [left, right] = [mentions(one.left, alias), mentions(one.right, alias)];
    return left !== right;
  });
}

function conjuncts(node: Ast.Expr): Ast.Expr[] {
  return node.kind === 'binary' && node.op === 'and' ? [...conjuncts(node.left), ...conjuncts(node.right)] : [node];
}

function mentions(node: Ast.Expr, alias: string): boolean {
  let found = false;
  walk(node, (child) => {
    if (child.kind === 'field' && child.target.kind === 'column' && child.target.name === alias) found = true;
    return !found;
  });
  return found;
}

function lintKeys(ctx: Context, verb: string, keys: readonly { readonly value: Ast.Expr }[]): void {
  for (const { value } of keys) {
    if (!['int', 'float', 'string', 'bool', 'null'].includes(value.kind)) continue;
    ctx.report(codes.constantKey, { verb, text: `\`${printNode(value)}\`` }, value.span);
  }
}

function lintGroups(ctx: Context, step: Ast.SummarizeStep): void {
  lintKeys(
    ctx,
    'summarize',
    step.by.flatMap((key) => (key.kind === 'namedExpr' ? [key] : [])),
  );
}

function lintDerive(ctx: Context, step: Ast.DeriveStep): void {
  for (const { name, value, span } of step.items) {
    if (value.kind === 'column' && (name === null || name.text === value.name)) {
      ctx.report(codes.noEffect, { what: `\`${value.name}\` is set to itself` }, span);
    }
  }
}

function lintRename(ctx: Context, step: Ast.RenameStep): void {
  for (const { to, from, span } of step.items) {
    if (to.text === from.text) ctx.report(codes.noEffect, { what: `\`${from.text}\` keeps its name` }, span);
  }
}
