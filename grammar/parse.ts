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
import {
  buildCallStep,
  buildFnParams,
  buildFrom,
  buildImportItems,
  buildNames,
  buildStep,
  buildUseItems,
  stringText,
} from './build_steps.ts';
import { type BuildContext, buildName, buildStructType, buildType } from './build_types.ts';
import { joinSpans, needNode, needToken, nodeOf, tokenOf, tokenSpan, tokensOf } from './cst.ts';
import { type Diagnostic, diagnostic, sortDiagnostics } from './diagnostics.ts';
import { explainProblem, foundName, type Place, type Problem, ProblemCollector, problemIndex } from './errors.ts';
import { layout, type Piece, type PipelineLayout } from './layout.ts';
import { tokenEnd, tokenize } from './lexer.ts';
import { FlowParser, stepRules } from './parser.ts';
import { suggest, suggestAll } from './suggest.ts';
import { maxChain, maxNesting, syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import { childrenOf } from './walk.ts';
import { isVerb, statementWords, verbSynonyms, verbs } from './words.ts';

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

const collector = new ProblemCollector();
let cached: FlowParser | null = null;

function parser(): FlowParser {
  cached ??= new FlowParser(collector);
  return cached;
}

type RuleName = {
  [R in keyof FlowParser]: R extends `${string}${'Step' | 'Head'}` | 'expression' ? R : never;
}[keyof FlowParser];

class Driver {
  readonly #text: string;
  readonly #file: string;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #context: BuildContext;
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
  }

  run(): ParseResult {
    const lexed = tokenize(this.#text, this.#file);
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

  #report(item: Diagnostic): void {
    this.#diagnostics.push(item);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end };
  }

  // ------------------------------------------------------------------------------------------------- rules

  /** Runs one rule. `cst` is set when the rule was complete, also when something follows it. */
  #rule(name: RuleName, tokens: readonly IToken[]): { cst: CstNode | null; problem: Problem | 'depth' | null } {
    const rules = parser();
    collector.first = null;
    try {
      rules.input = [...tokens];
      const cst: CstNode | undefined = rules[name]();
      const problem = collector.problem();
      return { cst: problem === null || problem.kind === 'redundant' ? (cst ?? null) : null, problem };
    } catch (error) {
      // The nesting limit keeps within the usual stack; a caller deep in its own recursion can still run out of it.
      if (error instanceof RangeError) return { cst: null, problem: 'depth' };
      throw error;
    }
  }

  #explain(problem: Problem | 'depth', place: Place): void {
    const first = place.tokens[0];
    if (problem !== 'depth') this.#report(explainProblem(problem, place));
    else if (first !== undefined)
      this.#report(diagnostic(syntax.tooDeep, { limit: maxNesting }, tokenSpan(first, this.#file)));
  }

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
    const { cst, problem } = this.#rule('expression', tokens);
    if (problem === null && cst !== null) return buildExpr(this.#context, cst);
    if (problem !== null) {
      this.#explain(problem, {
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
      this.#notAStatement(item, undefined);
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
        if (!item.head.broken) this.#notAStatement(item, first);
        return this.#failedHead(item, span);
    }
  }

  /** Reads the head with its rule. Steps that followed without a `|` come back as `extra` tokens. */
  #head(
    item: PipelineLayout,
    rule: RuleName,
    what: Place['what'] = 'statement',
  ): { cst: CstNode | null; extra: IToken[] } {
    const { tokens, broken } = item.head;
    if (broken) return { cst: null, extra: [] };
    const { cst, problem } = this.#rule(rule, tokens);
    if (problem === null) return { cst, extra: [] };
    if (problem !== 'depth' && problem.kind === 'redundant') {
      const extra = this.#missingPipe(problem, tokens);
      if (extra !== null) return { cst: this.#rule(rule, tokens.slice(0, tokens.length - extra.length)).cst, extra };
    }
    this.#explain(problem, {
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
    this.#steps(item.steps, extra);
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
    const steps = this.#steps(item.steps, extra);
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
    const steps = this.#steps(item.steps, extra);
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
    return this.#withSteps(source, this.#steps(item.steps, extra));
  }

  #pipeline(token: IToken): Pipeline {
    const item = this.#folded.get(token);
    if (item === undefined) throw new Error('a folded pipeline was lost');
    const first = item.head.tokens[0];
    const start = first !== undefined && (first.tokenType === T.K.from || first.tokenType === T.K.sql);
    if (!start && !item.head.broken) this.#notAStatement(item, first);
    const read = start ? this.#pipelineOf(item, 'statement') : null;
    if (read !== null) return read;
    const span = this.#span(item.start, item.end);
    this.#steps(item.steps, []);
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
    this.#steps(item.steps, []);
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

  #notAStatement(item: PipelineLayout, first: IToken | undefined): void {
    const pipe = item.steps[0]?.pipe ?? null;
    const token = first ?? pipe;
    if (token === null) return;
    const span = tokenSpan(token, this.#file);
    const before = { ...span, end: span.start };
    const image = first?.image ?? '';
    const near = suggest(image, statementWords);
    const named = first !== undefined && tokenMatcher(first, T.Identifier);
    const suggestion =
      first === undefined
        ? { text: 'a pipeline begins with its source: from … | …' }
        : isVerb(image.toLowerCase()) || verbSynonyms[image.toLowerCase()] !== undefined
          ? { text: 'a pipeline begins with `from`, and its steps follow behind `|`: from orders | where …' }
          : near !== null && item.head.tokens.length > 1
            ? { text: `did you mean \`${near}\`?`, replacement: near }
            : named
              ? { text: `a pipeline begins with \`from\`: from ${image}`, replacement: 'from ', span: before }
              : undefined;
    this.#report(
      diagnostic(syntax.noStatement, { found: foundName(token, { what: 'statement' }) }, span, {
        notes: [`a statement begins with one of: ${statementWords.join(', ')}`],
        suggestion,
      }),
    );
  }

  // ------------------------------------------------------------------------------------------------- steps

  /** The steps of a pipeline; `extra` are tokens of its head that turned out to be a step without its `|`. */
  #steps(pieces: readonly Piece[], extra: readonly IToken[]): Step[] {
    const steps = extra.length > 0 ? this.#step(extra, null) : [];
    for (const piece of pieces) {
      if (piece.broken) steps.push(this.#errorStep(piece.tokens, piece.pipe));
      else steps.push(...this.#step(piece.tokens, piece.pipe));
    }
    return steps;
  }

  #errorStep(tokens: readonly IToken[], pipe: IToken | null): ErrorStep {
    const first = tokens[0] ?? pipe;
    if (first === null) throw new Error('a step without a token');
    const span = this.#span(first.startOffset, tokenEnd(tokens[tokens.length - 1] ?? first));
    const named = tokens[0] !== undefined && tokenMatcher(tokens[0], T.Identifier);
    return { kind: 'errorStep', span, verbSpan: tokenSpan(first, this.#file), verb: named ? first.image : '' };
  }

  /** One piece, which is several steps where a `|` was forgotten. */
  #step(tokens: readonly IToken[], pipe: IToken | null): Step[] {
    const [first, second] = tokens;
    if (first === undefined) {
      if (pipe !== null) this.#report(diagnostic(syntax.emptyStep, {}, tokenSpan(pipe, this.#file)));
      return [];
    }
    const verb = first.tokenType !== T.QuotedName && isVerb(first.image) ? first.image : null;
    const call = verb === null && tokenMatcher(first, T.Identifier) && second?.tokenType === T.LParen;
    if (verb === null && !call) {
      this.#unknownVerb(tokens, first);
      return [this.#errorStep(tokens, pipe)];
    }
    const rule = verb === null ? 'callStep' : stepRules[verb];
    const { cst, problem } = this.#rule(rule, tokens);
    if (problem === null && cst !== null) {
      const span = this.#span(first.startOffset, tokenEnd(tokens[tokens.length - 1] ?? first));
      return [verb === null ? buildCallStep(this.#context, cst, span) : buildStep(this.#context, verb, cst, span)];
    }
    if (problem !== null && problem !== 'depth' && problem.kind === 'redundant') {
      const extra = this.#missingPipe(problem, tokens);
      if (extra !== null) {
        return [...this.#step(tokens.slice(0, tokens.length - extra.length), pipe), ...this.#step(extra, null)];
      }
    }
    if (problem !== null) {
      this.#explain(problem, {
        file: this.#file,
        text: this.#text,
        tokens,
        word: first.image,
        what: 'step',
        end: tokenEnd(first),
      });
    }
    return [this.#errorStep(tokens, pipe)];
  }

  /** The tokens from a verb on that stands where the piece was complete; reports the missing `|`. */
  #missingPipe(problem: Problem, tokens: readonly IToken[]): IToken[] | null {
    const i = problemIndex(problem, tokens);
    const token = tokens[i];
    if (i === 0 || token === undefined || token.tokenType === T.QuotedName || !isVerb(token.image)) return null;
    const span = tokenSpan(token, this.#file);
    this.#report(
      diagnostic(syntax.missingPipe, { verb: `\`${token.image}\`` }, span, {
        suggestion: { text: `write \`| ${token.image}\``, replacement: '| ', span: { ...span, end: span.start } },
      }),
    );
    return tokens.slice(i);
  }

  #unknownVerb(tokens: readonly IToken[], first: IToken): void {
    const span = tokenSpan(first, this.#file);
    if (!tokenMatcher(first, T.AnyWord)) {
      this.#report(
        diagnostic(syntax.unexpected, { expected: 'a verb', found: foundName(first, { what: 'step' }) }, span),
      );
      return;
    }
    const near = verbSynonyms[first.image.toLowerCase()] ?? suggest(first.image, verbs);
    const others = suggestAll(first.image, verbs).filter((verb) => verb !== near);
    this.#report(
      diagnostic(syntax.unknownVerb, { name: `\`${first.image}\`` }, span, {
        notes: [
          ...(others.length > 0 ? [`also near: ${others.join(', ')}`] : []),
          ...(tokens.length === 1 ? [`a pipe function of the file is called with parentheses: ${first.image}()`] : []),
        ],
        suggestion:
          near === null
            ? { text: `the verbs are: ${verbs.join(' ')}` }
            : { text: `did you mean \`${near}\`?`, replacement: near },
      }),
    );
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
