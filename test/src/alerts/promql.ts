import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** What a selector asks of a label. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** The series that an expression reads in one place. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** A number or a duration in an expression, and where it stands. */
export interface Quantity {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/;
const COMPARISONS = new Set(['Eql', 'Neq', 'Gtr', 'Gte', 'Lss', 'Lte']);

/** The series that an expression of PromQL reads. Throws Error, with the place, for what is no expression. */
export function selectorsOf(expression: string): readonly Selector[] {
  return nodesOf(expression)
    .filter(({ name }) => name === 'VectorSelector')
    .map((node) => selectorOf(node, expression));
}

/** The labels that an expression groups or joins series by. */
export function groupingLabelsOf(expression: string): readonly string[] {
  const groupings = nodesOf(expression).filter(({ name }) => name === 'GroupingLabels');
  const labels = groupings.flatMap((node) => node.getChildren('LabelName'));
  return [...new Set(labels.map((label) => textOf(label, expression)))];
}

/**
 * The spans of time in an expression: of ranges and offsets, and the numbers of seconds that a difference from `time()` is
 * compared with.
 */
export function timeSpansOf(expression: string): readonly Quantity[] {
  return nodesOf(expression)
    .filter(({ name }) => name.startsWith('NumberDurationLiteral'))
    .map((node) => ({ node, text: textOf(node, expression) }))
    .filter(({ node, text }) => DURATION.test(text) || isComparedWithAge(node, expression))
    .map(({ node: { from, to }, text }) => ({ text, from, to }));
}

/** All nodes, in the order in which they begin. */
function nodesOf(expression: string): readonly SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  parser.parse(expression).iterate({
    enter: ({ node, type, from }) => {
      if (type.isError)
        throw new Error(`no PromQL at ${from}: ${expression.slice(0, from)} >>> ${expression.slice(from)}`);
      nodes.push(node);
    },
  });
  return nodes;
}

function selectorOf(node: SyntaxNode, expression: string): Selector {
  const identifier = node.getChild('Identifier');
  if (identifier === null) throw new Error(`it names no metric: ${textOf(node, expression)}`);
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  const part = (matcher: SyntaxNode, name: string) => {
    const child = matcher.getChild(name);
    return child === null ? '' : textOf(child, expression);
  };
  return {
    metric: textOf(identifier, expression),
    matchers: matchers.map((matcher) => ({
      label: part(matcher, 'LabelName'),
      operator: part(matcher, 'MatchOp') as Matcher['operator'],
      value: part(matcher, 'StringLiteral').slice(1, -1),
    })),
  };
}

/** Whether it is the number in `time() - … > 900`. */
function isComparedWithAge(node: SyntaxNode, expression: string): boolean {
  const comparison = node.parent;
  if (comparison?.name !== 'BinaryExpr') return false;
  const [left, operator] = childrenOf(comparison);
  if (left === undefined || operator === undefined || !COMPARISONS.has(operator.name)) return false;
  const [minuend, minus] = childrenOf(left);
  return minus?.name === 'Sub' && minuend !== undefined && textOf(minuend, expression) === 'time()';
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function textOf({ from, to }: SyntaxNode, expression: string): string {
  return expression.slice(from, to);
}
