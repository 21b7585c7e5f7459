import type { FormatDef } from '../../engine/formats/def.ts';
import { FORMATS } from '../../engine/formats/registry.ts';
import type { LogicalNode, LogicalPlan } from '../logical.ts';
import { inputOf, topological } from '../plan_tree.ts';

/** Upper bounds of what a node yields, in bytes; from the data alone, so that plans do not depend on the machine. null = unknown. */
export type Estimates = ReadonlyMap<LogicalNode, number | null>;

/** Asks the readers how large their sources are, and carries the bounds through the plan. */
export async function estimate(plan: LogicalPlan): Promise<Estimates> {
  const nodes = topological(plan);
  const scans = new Map<LogicalNode, number>();
  await Promise.all(
    nodes.map(async (n) => {
      if (n.op !== 'scan') return;
      const reader = (FORMATS as Readonly<Record<string, FormatDef>>)[n.format]?.reader;
      const est = await reader?.estimate(n.source);
      if (est !== undefined) scans.set(n, est.bytes * (n.schema.length / Math.max(1, n.source.schema.length)));
    }),
  );
  const out = new Map<LogicalNode, number | null>();
  for (const n of nodes)
    out.set(
      n,
      bound(n, scans, (i) => out.get(inputOf(n, i)) ?? null),
    );
  return out;
}

function bound(
  n: LogicalNode,
  scans: ReadonlyMap<LogicalNode, number>,
  input: (i: number) => number | null,
): number | null {
  switch (n.op) {
    case 'scan':
      return scans.get(n) ?? null;
    case 'filter':
    case 'sort':
    case 'distinct':
    case 'aggregate':
    case 'place':
    case 'window':
      return input(0);
    case 'limit': {
      const below = input(0);
      const rows = n.take === null ? null : n.take * rowWidth(n);
      return below === null ? rows : rows === null ? below : Math.min(rows, below);
    }
    case 'project': {
      const below = input(0);
      return below === null ? null : (below * n.schema.length) / Math.max(1, inputOf(n).schema.length) + 64;
    }
    case 'union': {
      const all = n.inputs.map((_, i) => input(i));
      return all.some((x) => x === null) ? null : all.reduce<number>((a, b) => a + (b ?? 0), 0);
    }
    case 'unpivot': {
      const below = input(0);
      const kept = inputOf(n).schema.length - n.columns.length;
      const share = (kept * n.columns.length + 2 * n.columns.length) / Math.max(1, inputOf(n).schema.length);
      return below === null ? null : below * share;
    }
    case 'repeat':
    case 'explode':
    case 'map':
      return null;
    case 'join':
      return n.kind === 'semi' || n.kind === 'anti' ? input(0) : null;
    case 'sql':
    case 'table':
      return null;
    case 'single':
    case 'train':
    case 'trials':
    case 'trialTable':
    case 'evaluate':
      return 0;
    case 'predict':
    case 'number':
    case 'call':
    case 'expect':
      return input(0);
  }
}

/** A generous guess of a row's bytes. */
function rowWidth(n: LogicalNode): number {
  return n.schema.reduce((w, f) => w + (f.type.kind === 'string' ? 64 : 16), 0);
}
