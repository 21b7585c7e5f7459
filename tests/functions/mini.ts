import { evaluateConstant } from '../../engine/expr/compile.ts';
import type { Expr, LiteralValue, LocalExpr } from '../../engine/expr.ts';
import { A_LAMBDA, type LambdaParams } from '../../engine/functions/def.ts';
import { parseDate, parseInterval, parseTimestamp } from '../../engine/functions/parse.ts';
import { findFunction, misfit, resolveFunction } from '../../engine/functions/registry.ts';
import { commonTypeOf } from '../../engine/functions/types.ts';
import { type DataType, T, type Typed, typeEquals } from '../../engine/types.ts';

/** A small reader and binder of constant expressions, enough for the examples of the function library and independent of the real ones. */

const TOKEN =
  /\s*(r"(?:[^"])*"|f"[^"]*"|"(?:[^"\\]|\\.)*"|@[-\d]+(?:T[\d:.]+Z)?|\d+(?:mo|ms|us|[ywdhms])\b|\d+\.\d+|\d+|[A-Za-z_]\w*|\?\?|::|=>|==|!=|<=|>=|\/\/|[-+*/%<>()[\]{},.:?])/y;

const BINARY: readonly Readonly<Record<string, string>>[] = [
  { or: 'or' },
  { and: 'and' },
  { '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge', is: 'is', like: 'like', matches: 'matches' },
  { '??': 'coalesce' },
  { '+': 'add', '-': 'sub' },
  { '*': 'mul', '/': 'div', '//': 'intdiv', '%': 'mod' },
];

export function lit(type: DataType, value: LiteralValue): Expr {
  return { kind: 'literal', type, value, nullable: value === null };
}

export function castTo(e: Expr, type: DataType): Expr {
  return typeEquals(e.type, type) ? e : { kind: 'cast', arg: e, safe: false, type, nullable: e.nullable };
}

/** A typed call, with the casts that the overload asks for. */
export function call(name: string, args: readonly Expr[]): Expr {
  const types = args.map((a) => a.type);
  const literals = args.map((a) => (a.kind === 'literal' ? a.value : a.kind === 'lambda' ? A_LAMBDA : undefined));
  const found = resolveFunction(name, types, literals);
  if (found === null) throw new Error(misfit(name, types, literals));
  const { def, overload } = found;
  const nulls = args.map((a) => a.nullable);
  const nullable =
    typeof overload.nullable === 'function'
      ? overload.nullable(nulls)
      : overload.nullable === true || (def.nulls !== 'custom' && nulls.some(Boolean));
  return {
    kind: 'call',
    fn: def.name,
    args: args.map((a, k) =>
      a.kind === 'lambda'
        ? { ...a, body: castTo(a.body, overload.params[k] as DataType), type: overload.params[k] as DataType }
        : castTo(a, overload.params[k] as DataType),
    ),
    type: overload.result,
    nullable,
  };
}

class Reader {
  private readonly tokens: string[] = [];
  private at = 0;
  /** Parameters of the lambda that is being read. */
  private locals: readonly LocalExpr[] = [];

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const m = TOKEN.exec(text);
      if (m === null) throw new Error(`cannot read ${text}`);
      this.tokens.push(m[1] as string);
    }
  }

  private peek(): string {
    return this.tokens[this.at] ?? '';
  }

  private take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw new Error(`expected ${token}, got ${this.peek()}`);
  }

  whole(): Expr {
    const e = this.binary(0);
    if (this.at < this.tokens.length) throw new Error(`unread: ${this.tokens.slice(this.at).join(' ')}`);
    return e;
  }

  private binary(level: number): Expr {
    const ops = BINARY[level];
    if (ops === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (let fn = ops[this.peek()]; fn !== undefined; fn = ops[this.peek()]) {
      this.at++;
      const op = fn === 'is' && this.take('not') ? 'isnot' : fn;
      left = call(op, [left, this.binary(level + 1)]);
    }
    return left;
  }

  private unary(): Expr {
    if (this.take('not')) return call('not', [this.unary()]);
    if (!this.take('-')) return this.postfix();
    const arg = this.unary();
    if (arg.kind === 'literal' && typeof arg.value === 'number') return { ...arg, value: -arg.value };
    return call('neg', [arg]);
  }

  private postfix(): Expr {
    let e = this.primary();
    for (;;) {
      if (this.take('[')) {
        e = call('index', [e, this.binary(0)]);
        this.expect(']');
      } else if (this.take('.')) e = call('get', [e, lit(T.string, this.next())]);
      else if (this.take('::')) e = castTo(e, this.type());
      else return e;
    }
  }

  private next(): string {
    return this.tokens[this.at++] ?? '';
  }

  private type(): DataType {
    const name = this.next();
    if (name !== 'decimal') return T[name as 'int'];
    this.expect('(');
    const precision = Number(this.next());
    this.expect(',');
    const scale = Number(this.next());
    this.expect(')');
    return T.decimal(precision, scale);
  }

  private list(end: string): Expr[] {
    const items: Expr[] = [];
    while (!this.take(end)) {
      items.push(this.binary(0));
      this.take(',');
    }
    return items;
  }

  private primary(): Expr {
    const token = this.next();
    if (token === '(') {
      const e = this.binary(0);
      this.expect(')');
      return e;
    }
    if (token === '[') return listOf(this.list(']'));
    if (token === '{') return this.struct();
    if (token === 'null') return lit(T.null, null);
    if (token === 'true' || token === 'false') return lit(T.bool, token === 'true');
    if (token.startsWith('@'))
      return token.includes('T')
        ? lit(T.timestamp, parseTimestamp(token.slice(1)))
        : lit(T.date, parseDate(token.slice(1)));
    if (token.startsWith('r"')) return lit(T.string, token.slice(2, -1));
    if (token.startsWith('"')) return lit(T.string, JSON.parse(token) as string);
    if (/^\d+$/.test(token)) return lit(T.int, Number(token));
    if (/^\d+\./.test(token)) return lit(T.float, Number(token));
    if (/^\d/.test(token)) return { kind: 'literal', type: T.interval, value: parseInterval(token), nullable: false };
    if (token.startsWith('f"')) return this.formatted(token.slice(2, -1));
    const local = this.locals.find((l) => l.name === token);
    if (local !== undefined) return local;
    const def = findFunction(token);
    if (!this.take('(') || def === null) throw new Error(`unknown name ${token}`);
    if (def.lambda === undefined) return call(token, this.list(')'));
    return this.lambdaCall(token, def.lambda);
  }

  private formatted(text: string): Expr {
    const parts = text
      .split(/\{(\w+)\}/)
      .map((part, k) => (k % 2 === 0 ? lit(T.string, part) : new Reader(part).within(this.locals)));
    return call('concat', parts);
  }

  private within(locals: readonly LocalExpr[]): Expr {
    this.locals = locals;
    return this.whole();
  }

  /** The body is read again while its type changes the types of the parameters. */
  private lambdaCall(name: string, takes: LambdaParams): Expr {
    const first = this.binary(0);
    if (!this.take(',')) {
      this.expect(')');
      return call(name, [first]);
    }
    const names = this.lambdaHead();
    if (names === null) return call(name, [first, ...this.list(')')]);
    const start = this.at;
    this.at = this.endOfArgument(start);
    this.take(',');
    const rest = this.list(')');
    const end = this.at;
    let body: Expr | null = null;
    for (let tries = 0; tries < 3; tries++) {
      const given = takes.params([first.type, undefined, ...rest.map((e) => e.type)], body?.type ?? null);
      if (given === null || 'error' in given) throw new Error(`no lambda of ${name}`);
      this.locals = names.map((n, level) => ({ kind: 'local', name: n, level, ...(given[level] as Typed) }));
      this.at = start;
      body = this.binary(0);
    }
    this.at = end;
    const lambda: Expr = {
      kind: 'lambda',
      params: this.locals,
      body: body as Expr,
      type: (body as Expr).type,
      nullable: false,
    };
    this.locals = [];
    return call(name, [first, lambda, ...rest]);
  }

  /** The comma or bracket behind an argument. */
  private endOfArgument(from: number): number {
    let depth = 0;
    let at = from;
    for (; depth > 0 || ![',', ')'].includes(this.tokens[at] ?? ')'); at++) {
      const token = this.tokens[at] as string;
      depth += '([{'.includes(token) ? 1 : ')]}'.includes(token) ? -1 : 0;
    }
    return at;
  }

  /** `x =>` or `(a, b) =>`; null, with nothing read, when there is none. */
  private lambdaHead(): string[] | null {
    const ahead = /^(?:(\w+)|\( ((?:\w+ , )*\w+) \)) =>/.exec(this.tokens.slice(this.at, this.at + 8).join(' '));
    if (ahead === null) return null;
    const names = (ahead[1] ?? ahead[2] ?? '').split(' , ');
    this.at += names.length === 1 ? 2 : 2 * names.length + 2;
    return names;
  }

  private struct(): Expr {
    const names: string[] = [];
    const values: Expr[] = [];
    while (!this.take('}')) {
      names.push(this.next());
      this.expect(':');
      values.push(this.binary(0));
      this.take(',');
    }
    const fields = values.map((v, k) => ({ name: names[k] as string, type: v.type, nullable: true }));
    return lit(T.struct(fields), Object.fromEntries(values.map((v, k) => [names[k] as string, evaluateConstant(v)])));
  }
}

function listOf(items: readonly Expr[]): Expr {
  const item = commonTypeOf(items.map((e) => e.type)) ?? T.null;
  return lit(
    T.list(item),
    items.map((e) => evaluateConstant(castTo(e, item))),
  );
}

export function read(text: string): Expr {
  return new Reader(text).whole();
}
