/** Everything that is wrong with a graph, in one list. */
import { hasCycle } from 'graphology-dag';
import { RunError } from '../../engine/errors.ts';
import { suggest } from '../../grammar/suggest.ts';
import { cyclesOf } from './cycles.ts';
import { refusal } from './functions.ts';
import { ancestors, graphOf, type Links } from './links.ts';
import { type Scan, scan } from './structures.ts';
import {
  belongs,
  type DagData,
  type DagNode,
  type DagProblem,
  type DagProblemKind,
  indexOf,
  type TaskSpec,
} from './types.ts';

/** What a run asks for; what is left out is not checked. */
export interface CheckRequest {
  /** Names of the inputs for which there are values. */
  readonly inputs?: readonly string[];
  /** Names of the outputs that are wanted. */
  readonly outputs?: readonly string[];
}

export function check(data: DagData, links: Links, request: CheckRequest = {}): DagProblem[] {
  return new Checker(data, links, request).problems;
}

/** Looking for the nearest of very many names is slow: done for the first problems only. */
const MOST_SUGGESTIONS = 20;

class Checker {
  readonly problems: DagProblem[] = [];
  readonly #data: DagData;
  readonly #links: Links;
  readonly #request: CheckRequest;
  #suggestions = 0;

  constructor(data: DagData, links: Links, request: CheckRequest) {
    this.#data = data;
    this.#links = links;
    this.#request = request;
    this.#duplicates();
    this.#references();
    this.#functions();
    this.#cycles();
    const needed = ancestors(links, this.#wanted());
    this.#inputs(needed);
    this.#unused(request.outputs === undefined ? needed : ancestors(links, links.outputs.flat()));
  }

  #add(kind: DagProblemKind, message: string, node: string | null = null): void {
    this.problems.push({ severity: kind === 'unused' ? 'warning' : 'error', kind, message, node });
  }

  #nearest(name: string, known: Iterable<string>): string {
    const near = this.#suggestions++ < MOST_SUGGESTIONS ? suggest(name, known) : null;
    return near === null ? '' : `; did you mean \`${near}\`?`;
  }

  #duplicates(): void {
    const { nodes, byName, outputs } = this.#data;
    const told = new Set<string>();
    for (const [at, { name }] of nodes.entries()) {
      if (byName.get(name) === at || told.has(name)) continue;
      told.add(name);
      let i = 2;
      while (byName.has(`${name}_${i}`)) i++;
      this.#add('duplicate-name', `two nodes are called \`${name}\`; \`${name}_${i}\` is free`, name);
    }
    const names = new Set<string>();
    const twice = outputs.filter(({ name }) => names.size === names.add(name).size);
    for (const name of new Set(twice.map((o) => o.name)))
      this.#add('duplicate-name', `two outputs are called \`${name}\``);
  }

  #references(): void {
    const { nodes, outputs, orders } = this.#data;
    for (const node of nodes) {
      if (node.kind === 'task') this.#structure(scan(node.args), `the task \`${node.name}\``, node.name);
    }
    for (const { name, value } of outputs) this.#structure(scan(value), `the output \`${name}\``, null);
    for (const { before, after } of orders) {
      const reader = `the order \`${before.name} -> ${after.name}\``;
      for (const one of [before, after]) this.#reference(one, reader, null);
    }
  }

  #structure(found: Scan, reader: string, node: string | null): void {
    for (const one of new Set(found.nodes)) {
      if (this.#reference(one, reader, node)) this.#result(one, reader, node);
    }
    for (const one of found.hidden) {
      const message = `${reader} has \`${one}\` in a Map or a Set; nodes may stand in arrays and plain objects`;
      this.#add('hidden-node', message, node);
    }
    if (found.circular) this.#add('circular-value', `${reader} has nodes in a structure that contains itself`, node);
  }

  /** Whether the node is there. */
  #reference(one: DagNode, reader: string, node: string | null): boolean {
    if (!belongs(this.#data, one)) {
      this.#add('foreign-node', `${reader} names \`${one.name}\` of another graph, \`${one.graph.name}\``, node);
      return false;
    }
    if (indexOf(this.#data, one) !== null) return true;
    const near = this.#nearest(one.name, this.#data.byName.keys());
    this.#add('unknown-node', `${reader} names \`${one.name}\`, and there is no such node${near}`, node);
    return false;
  }

  #result(one: DagNode, reader: string, node: string | null): void {
    const spec = this.#data.nodes[indexOf(this.#data, one) ?? -1];
    const count = spec?.kind === 'task' ? spec.options.returns : undefined;
    const fits = count === undefined ? one.result === null : one.result !== null && one.result < count;
    if (fits) return;
    const has = count === undefined ? 'one result, without a number' : `${count} results, numbered from 0`;
    this.#add('unknown-result', `${reader} reads \`${one}\`, and \`${one.name}\` has ${has}`, node);
  }

  #functions(): void {
    const reasons = new Map<TaskSpec['fn'], string | null>();
    for (const { name, ...node } of this.#data.nodes) {
      if (node.kind !== 'task') continue;
      let reason = reasons.get(node.fn);
      if (reason === undefined) {
        reason = refusal(node.fn);
        reasons.set(node.fn, reason);
      }
      if (reason !== null)
        this.#add('function', `the function of the task \`${name}\` cannot be sent to a worker: ${reason}`, name);
    }
  }

  #cycles(): void {
    if (!hasCycle(graphOf(this.#links))) return;
    for (const cycle of cyclesOf(this.#links)) {
      const names = cycle.map((at) => this.#data.nodes[at]?.name ?? '');
      this.#add('cycle', `the graph has a cycle: ${names.join(' -> ')}`, names[0]);
    }
  }

  /** Places of the nodes that the wanted outputs read. */
  #wanted(): number[] {
    const names = this.#data.outputs.map((o) => o.name);
    const { outputs } = this.#request;
    if (outputs === undefined) {
      if (names.length === 0) this.#add('no-output', 'the graph has no output');
      return this.#links.outputs.flat();
    }
    if (outputs.length === 0) this.#add('no-output', 'no output is asked for');
    return outputs.flatMap((name) => {
      const at = names.indexOf(name);
      if (at < 0) this.#add('unknown-output', `there is no output \`${name}\`${this.#nearest(name, names)}`);
      return this.#links.outputs[at] ?? [];
    });
  }

  #inputs(needed: Uint8Array): void {
    if (this.#request.inputs === undefined) return;
    const given = new Set(this.#request.inputs);
    const known = new Set<string>();
    for (const [at, node] of this.#data.nodes.entries()) {
      if (node.kind !== 'input') continue;
      known.add(node.name);
      if (needed[at] === 1 && node.fallback === null && !given.has(node.name))
        this.#add('missing-input', `the input \`${node.name}\` has no value`, node.name);
    }
    for (const name of given) {
      if (!known.has(name)) this.#add('unknown-input', `there is no input \`${name}\`${this.#nearest(name, known)}`);
    }
  }

  #unused(used: Uint8Array): void {
    if (this.#data.outputs.length === 0) return;
    for (const [at, { kind, name }] of this.#data.nodes.entries()) {
      if (used[at] === 0) this.#add('unused', `no output needs the ${kind} \`${name}\``, name);
    }
  }
}

/** A graph that cannot run: FLOW7016, with all its problems. */
export class DagError extends RunError {
  readonly problems: readonly DagProblem[];

  constructor(name: string, problems: readonly DagProblem[]) {
    const lines = problems.map((p) => p.message);
    const text = lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('');
    super('FLOW7016', `the graph \`${name}\` cannot run:${text}`);
    this.problems = problems;
  }
}
