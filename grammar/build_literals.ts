/** Concrete syntax tree to AST: literals. */
import type { IToken } from 'chevrotain';
import type { Expr, FStringExpr, FStringText, Span, StringLiteral } from './ast.ts';
import type { BuildContext } from './build_types.ts';
import { tokenSpan } from './cst.ts';
import { diagnostic } from './diagnostics.ts';
import { splitFString } from './fstring.ts';
import { durationParts, unescapeText } from './literals.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';

export function buildLiteral(ctx: BuildContext, token: IToken): Expr {
  const span = tokenSpan(token, ctx.file);
  const { image } = token;
  switch (token.tokenType) {
    case T.PlainString:
    case T.RawString:
      return buildString(ctx, token);
    case T.FString:
      return buildFString(ctx, token, span);
    case T.Int:
      return { kind: 'int', span, value: image.replaceAll('_', '') };
    case T.Float:
      return { kind: 'float', span, value: image.replaceAll('_', '') };
    case T.DateToken:
      return { kind: 'date', span, value: image.slice(1) };
    case T.Time:
      return { kind: 'time', span, value: image.slice(1) };
    case T.Timestamp:
      return { kind: 'timestamp', span, value: image.slice(1) };
    case T.K.null:
      return { kind: 'null', span };
    case T.K.true:
      return { kind: 'bool', span, value: true };
    case T.K.false:
      return { kind: 'bool', span, value: false };
    case T.Param:
      return { kind: 'paramRef', span, name: image.slice(1) };
    case T.Duration:
      return { kind: 'duration', span, parts: durationParts(image) ?? [] };
    // What cannot be read has been reported by the lexer.
    default:
      return { kind: 'errorExpr', span };
  }
}

export function buildString(ctx: BuildContext, token: IToken): StringLiteral {
  const span = tokenSpan(token, ctx.file);
  return token.tokenType === T.RawString
    ? { kind: 'string', span, value: token.image.slice(2, -1), raw: true }
    : { kind: 'string', span, value: unescapeText(token.image.slice(1, -1)).value, raw: false };
}

function buildFString(ctx: BuildContext, token: IToken, span: Span): Expr {
  const { pieces, strayBrace } = splitFString(token.image);
  const within = (from: number, to: number): Span => ({
    file: ctx.file,
    start: span.start + from,
    end: span.start + to,
  });
  if (strayBrace !== null) {
    ctx.report(
      diagnostic(syntax.badInterpolation, { why: 'this `}` closes nothing' }, within(strayBrace, strayBrace + 1), {
        suggestion: { text: 'write `}}` for the brace itself', replacement: '}}' },
      }),
    );
  }
  const parts = pieces.map((piece): FStringText | FStringExpr => {
    const place = within(piece.start, piece.start + piece.text.length);
    if (piece.kind === 'expression') {
      return { kind: 'fstringExpr', span: place, value: ctx.interpolation(piece.text, place.start) };
    }
    const { errors } = unescapeText(piece.text);
    for (const error of errors) {
      ctx.report(
        diagnostic(
          syntax.badEscape,
          { escape: error.escape },
          within(piece.start + error.start, piece.start + error.end),
        ),
      );
    }
    return { kind: 'fstringText', span: place, text: unescapeText(singleBraces(piece.text)).value };
  });
  return { kind: 'fstring', span, parts };
}

/** `{{` and `}}` stand for one brace; the braces of `\\u{…}` are left alone. */
function singleBraces(text: string): string {
  return text.replace(
    /(\\u\{[0-9a-fA-F]+\}|\\[\s\S])|\{\{|\}\}/g,
    (whole, escape?: string) => escape ?? whole.slice(1),
  );
}
