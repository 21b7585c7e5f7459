/** The driver: text, tokens, pieces, one rule per piece, AST. Every piece that fails costs one diagnostic. */
import { type CstNode, type IToken, tokenMatcher } from 'chevrotain';
import type {
  Comment,
  ErrorStatement,
  ErrorStep,
  Expr,
  FlowFile,
  LetStatement,
  Name,
  Node,
  Pipeline,
  Span,
  Statement,
  Step,
} from './ast.ts';
import { buildExpr } from './build_expr.ts';
import { buildFnParams, buildFrom, buildImportItems, buildNames, buildUseItems, stringText } from './build_heads.ts';
import { type BuildContext, buildName, buildStructType, buildType } from './build_types.ts';
import { joinSpans, needNode, needToken, nodeOf, tokenOf, tokenSpan, tokensOf } from './cst.ts';
import { type Diagnostic, diagnostic, sortDiagnostics } from './diagnostics.ts';
import { explainNoStatement, type Place } from './errors.ts';
import { layout, type PipelineLayout } from './layout.ts';
import { tokenize } from './lexer.ts';
import { PieceReader, type RuleName } from './pieces.ts';
import { maxChain, maxText, maxTokens, syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import { childrenOf } from './walk.ts';

export interface ParseResult {
  /** What could be read; the rest stands as `errorStatement`, `errorStep` and `errorExpr`. */
  readonly ast: FlowFile;
  /** In the order of the text. */
  readonly comments: readonly Comment[];
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a whole file. `file` is the name that spans carry. Never throws on any text. */
export function parseFile(text: string, file: string): ParseResult {
  return new Driver(text, file).run();
}

class Driver {
  readonly #text: string;
  readonly #file: string;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #context: BuildContext;
  readonly #pieces: PieceReader;
  #folded: ReadonlyMap<IToken, PipelineLayout> = new Map();

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#context = {
      file,
      report: (item) => this.#report(item),
      pipeline: (token) => this.#pipeline(token),
      interpolation: (inner, base) => this.#interpolation(inner, base),
    };
    this.#pieces = new PieceReader(text, this.#context);
  }

  run(): ParseResult {
    if (this.#text.length > maxText) return this.#tooLong('more than 2 MiB');
    const lexed = tokenize(this.#text, this.#file);
    if (lexed.tokens.length > maxTokens) return this.#tooLong(`more than ${maxTokens} words and signs`);
    this.#diagnostics.push(...lexed.diagnostics);
    const laid = layout(lexed.tokens, this.#text, this.#file, lexed.broken);
    this.#diagnostics.push(...laid.diagnostics);
    this.#folded = laid.folded;
    const statements = laid.statements.map((item) => this.#limitDepth(this.#statement(item)));
    return {
      ast: { kind: 'file', span: { file: this.#file, start: 0, end: this.#text.length }, statements },
      comments: lexed.comments,
      diagnostics: sortDiagnostics(this.#diagnostics),
    };
  }

  /** Nothing of the file is read. */
  #tooLong(what: string): ParseResult {
    const text = 'put a long list of values into a file: `in (from csv("values.csv") | select x)`';
    const found = diagnostic(syntax.tooLong, { what }, this.#span(0, 1), { suggestion: { text } });
    const ast: FlowFile = { kind: 'file', span: this.#span(0, this.#text.length), statements: [] };
    return { ast, comments: [], diagnostics: [found] };
  }

  #report(item: Diagnostic): void {
    this.#diagnostics.push(item);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end };
  }

  // ------------------------------------------------------------------------------------------------- rules

  #interpolation(text: string, base: number): Expr {
    const failed: Expr = { kind: 'errorExpr', span: this.#span(base, base + text.length) };
    const lexed = tokenize(text, this.#file, base);
    this.#diagnostics.push(...lexed.diagnostics);
    const why =
      lexed.comments.length > 0
        ? 'a comment stands inside of an interpolation'
        : lexed.tokens.some(
              (token, i) =>
                [T.Pipe, T.K.from, T.K.sql].includes(token.tokenType) && lexed.tokens[i - 1]?.tokenType !== T.Dot,
            )
          ? 'a pipeline stands inside of an interpolation; give it a name first'
          : lexed.tokens.length === 0
            ? 'an interpolation is empty'
            : null;
    if (why !== null) {
      this.#report(diagnostic(syntax.badInterpolation, { why }, failed.span));
      return failed;
    }
    if (lexed.broken.size > 0) return failed;
    const laid = layout(lexed.tokens, this.#text, this.#file, lexed.broken);
    this.#diagnostics.push(...laid.diagnostics);
    const [only] = laid.statements;
    if (only === undefined || laid.statements.length > 1 || only.head.broken) {
      if (laid.diagnostics.length === 0) {
        this.#report(diagnostic(syntax.badInterpolation, { why: 'this is not an expression' }, failed.span));
      }
      return failed;
    }
    const { tokens } = only.head;
    const { cst, problem } = this.#pieces.rule('expression', tokens);
    if (problem === null && cst !== null) return buildExpr(this.#context, cst);
    if (problem !== null) {
      this.#pieces.explain(problem, {
        file: this.#file,
        text: this.#text,
        tokens,
        word: '',
        what: 'interpolation',
        end: base + text.length,
      });
    }
    return failed;
  }

  // -------------------------------------------------------------------------------------------- statements

  #statement(item: PipelineLayout): Statement {
    const [first] = item.head.tokens;
    const span = this.#span(item.start, item.end);
    if (first === undefined) {
      this.#noStatement(item);
      return this.#failedHead(item, span);
    }
    switch (first.tokenType) {
      case T.K.param:
      case T.K.schema:
      case T.K.use:
      case T.K.import:
        return this.#declaration(item, first, span);
      case T.K.fn:
        return this.#fn(item, span);
      case T.K.let:
        return this.#let(item, span);
      case T.K.from:
      case T.K.sql:
        return this.#pipelineOf(item, 'statement') ?? this.#failedHead(item, span);
      default:
        if (!item.head.broken) this.#noStatement(item);
        return this.#failedHead(item, span);
    }
  }

  #noStatement(item: PipelineLayout): void {
    const found = explainNoStatement(item.head.tokens, item.steps[0]?.pipe ?? null, this.#file, this.#text);
    if (found !== null) this.#report(found);
  }

  /** Reads the head with its rule. Steps that followed without a `|` come back as `extra` tokens. */
  #head(
    item: PipelineLayout,
    rule: RuleName,
    what: Place['what'] = 'statement',
  ): { cst: CstNode | null; extra: IToken[] } {
    const { tokens, broken } = item.head;
    if (broken) return { cst: null, extra: [] };
    const { cst, problem } = this.#pieces.rule(rule, tokens);
    if (problem === null) return { cst, extra: [] };
    if (problem !== 'depth' && problem.kind === 'redundant') {
      const extra = this.#pieces.missingPipe(problem, tokens);
      if (extra !== null)
        return { cst: this.#pieces.rule(rule, tokens.slice(0, tokens.length - extra.length)).cst, extra };
    }
    this.#pieces.explain(problem, {
      file: this.#file,
      text: this.#text,
      tokens,
      word: tokens[0]?.image ?? '',
      what,
      end: item.end,
    });
    return { cst, extra: [] };
  }

  #declaration(item: PipelineLayout, first: IToken, span: Span): Statement {
    const word = first.image as 'param' | 'schema' | 'use' | 'import';
    const { cst, extra } = this.#head(item, `${word}Head`);
    const step = item.steps[0]?.pipe;
    if (step && !item.head.broken) {
      this.#report(diagnostic(syntax.stepsOnStatement, { statement: `\`${word}\`` }, tokenSpan(step, this.#file)));
    }
    this.#pieces.steps(item.steps, extra);
    if (cst === null) return this.#errorStatement(item, span);
    const ctx = this.#context;
    if (word === 'use')
      return { kind: 'use', span, items: buildUseItems(ctx, cst), path: stringText(ctx, needNode(cst, 'stringText')) };
    if (word === 'import') {
      return {
        kind: 'import',
        span,
        items: buildImportItems(ctx, cst),
        path: stringText(ctx, needNode(cst, 'stringText')),
      };
    }
    const name = buildName(ctx, needToken(cst, 'name'));
    if (word === 'schema')
      return { kind: 'schema', span, name, type: buildStructType(ctx, needNode(cst, 'structType')) };
    const initial = nodeOf(cst, 'expression');
    return {
      kind: 'param',
      span,
      name,
      type: buildType(ctx, needNode(cst, 'valueType')),
      default: initial === null ? null : buildExpr(ctx, initial),
    };
  }

  #fn(item: PipelineLayout, span: Span): Statement {
    const { cst, extra } = this.#head(item, 'fnHead');
    const steps = this.#pieces.steps(item.steps, extra);
    if (cst === null) return this.#errorStatement(item, span);
    const ctx = this.#context;
    const name = buildName(ctx, needToken(cst, 'name'));
    const params = buildFnParams(ctx, cst);
    const body = nodeOf(cst, 'expression');
    const [firstStep] = item.steps;
    if (body === null && steps.length > 0) {
      const start = firstStep?.pipe?.startOffset ?? span.start;
      return { kind: 'fn', span, name, params, body: { kind: 'stepsBody', span: { ...span, start }, steps } };
    }
    if (body === null) {
      this.#report(
        diagnostic(
          syntax.emptyStatement,
          { what: 'an expression or steps are missing behind `=>`' },
          tokenSpan(needToken(cst, 'FatArrow'), this.#file),
        ),
      );
      return this.#errorStatement(item, span);
    }
    if (firstStep?.pipe) {
      this.#report(
        diagnostic(syntax.stepsOnStatement, { statement: 'an expression' }, tokenSpan(firstStep.pipe, this.#file)),
      );
    }
    return { kind: 'fn', span, name, params, body: buildExpr(ctx, body) };
  }

  #let(item: PipelineLayout, span: Span): Statement {
    const { cst, extra } = this.#head(item, 'letHead');
    const steps = this.#pieces.steps(item.steps, extra);
    if (cst === null) return this.#errorStatement(item, span);
    const ctx = this.#context;
    const name = tokenOf(cst, 'name');
    const names = name !== null ? [buildName(ctx, name)] : buildNames(ctx, tokensOf(cst, 'outputs'));
    const statement = (pipeline: Pipeline): LetStatement => ({
      kind: 'let',
      span,
      names,
      destructured: name === null,
      pipeline,
    });
    const from = nodeOf(cst, 'fromHead');
    if (from !== null) return statement(this.#withSteps(buildFrom(ctx, from), steps));
    const nested = needToken(cst, 'Subpipeline');
    const pipeline = this.#pipeline(nested);
    if (steps.length === 0) return statement(pipeline);
    const place = tokenSpan(nested, this.#file);
    return statement(
      this.#withSteps(
        { kind: 'from', span: place, verbSpan: { ...place, end: place.start }, relation: pipeline, type: null },
        steps,
      ),
    );
  }

  #withSteps(source: Pipeline['source'], steps: readonly Step[]): Pipeline {
    const last = steps[steps.length - 1];
    return {
      kind: 'pipeline',
      span: last === undefined ? source.span : joinSpans(source.span, last.span),
      source,
      steps,
    };
  }

  /** A statement whose head is a pipeline's source, and a pipeline in parentheses. Null when the source is unreadable. */
  #pipelineOf(item: PipelineLayout, what: Place['what']): Pipeline | null {
    const { cst, extra } = this.#head(item, 'fromHead', what);
    if (cst === null) return null;
    const source = buildFrom(this.#context, cst);
    return this.#withSteps(source, this.#pieces.steps(item.steps, extra));
  }

  #pipeline(token: IToken): Pipeline {
    const item = this.#folded.get(token);
    if (item === undefined) throw new Error('a folded pipeline was lost');
    const first = item.head.tokens[0];
    const start = first !== undefined && (first.tokenType === T.K.from || first.tokenType === T.K.sql);
    if (!start && !item.head.broken) this.#noStatement(item);
    const read = start ? this.#pipelineOf(item, 'statement') : null;
    if (read !== null) return read;
    const span = this.#span(item.start, item.end);
    this.#pieces.steps(item.steps, []);
    const relation = { kind: 'relationName', span, name: '' } as const;
    const lost: ErrorStep = { kind: 'errorStep', span, verbSpan: span, verb: '' };
    return {
      kind: 'pipeline',
      span,
      source: { kind: 'from', span, verbSpan: span, relation, type: null },
      steps: [lost],
    };
  }

  /** Reports the errors in the steps of a statement whose head could not be read. */
  #failedHead(item: PipelineLayout, span: Span): ErrorStatement {
    this.#pieces.steps(item.steps, []);
    return this.#errorStatement(item, span);
  }

  #errorStatement(item: PipelineLayout, span: Span): ErrorStatement {
    return { kind: 'errorStatement', span, names: this.#declaredNames(item.head.tokens) };
  }

  /** The names a broken head would have declared: those in the first braces, else the one behind the first word. */
  #declaredNames(tokens: readonly IToken[]): Name[] {
    const [first, second] = tokens;
    const declares = [T.K.let, T.K.fn, T.K.param, T.K.schema, T.K.use, T.K.import];
    if (first === undefined || second === undefined || !declares.includes(first.tokenType)) return [];
    if (second.tokenType !== T.LBrace) {
      return tokenMatcher(second, T.Identifier) ? [buildName(this.#context, second)] : [];
    }
    const close = tokens.findIndex((token) => token.tokenType === T.RBrace);
    return tokens
      .slice(2, close === -1 ? tokens.length : close)
      .filter((token) => tokenMatcher(token, T.Identifier))
      .map((token) => buildName(this.#context, token));
  }

  /** Everything behind the parser recurses over the AST, so an AST that is too deep does not leave it. */
  #limitDepth(statement: Statement): Statement {
    const stack: { node: Node; depth: number }[] = [{ node: statement, depth: 1 }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.depth > maxChain) {
        const { span } = top.node;
        this.#report(
          diagnostic(syntax.tooDeep, { limit: maxChain }, span, {
            suggestion: { text: 'name its parts with `derive` or `let`, or write `in [ … ]` for a chain of `or`' },
          }),
        );
        const names = statement.kind === 'let' ? statement.names : 'name' in statement ? [statement.name] : [];
        return { kind: 'errorStatement', span: statement.span, names };
      }
      for (const node of childrenOf(top.node)) stack.push({ node, depth: top.depth + 1 });
    }
    return statement;
  }
}
