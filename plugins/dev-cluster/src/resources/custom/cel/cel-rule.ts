import { createRequire } from 'node:module';
import type * as Cel from '@marcbachmann/cel-js';
import type { JsonValue } from '../../../storage/json.js';
import type { FieldSchema, ValidationRule } from '../../schema/field-schema.js';
import { addKubernetesLibrary, RE2_MATCHES } from './cel-library.js';
import { CelTypes } from './cel-types.js';

/** A value and what it was before; `old` is undefined when it is new, or cannot be correlated. */
export interface RuleInput {
  readonly self: JsonValue;
  readonly old: JsonValue | undefined;
}

/** A rule that can be evaluated. */
export interface CelRule {
  readonly source: ValidationRule;
  /** Whether it speaks of the value before: such rules are for updates. */
  readonly usesOldSelf: boolean;
  /** Undefined when the rule holds, else its message. Throws when it cannot be evaluated. */
  brokenMessage(input: RuleInput): string | undefined;
}

/** A rule that makes no sense, in the words of the API server. */
export interface RuleDefect {
  /** The rule's field that is wrong: `rule`, `messageExpression`. */
  readonly field: 'rule' | 'messageExpression';
  readonly detail: string;
}

/** The longest message that a `messageExpression` may make, as in the API server. */
const MAX_MESSAGE_LENGTH = 5 * 1024;

/** Compiles the rules of one schema; for each the rule, or what is wrong with it. */
export function compileRules(schema: FieldSchema, isRoot: boolean): readonly (CelRule | RuleDefect)[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return [];
  const { Environment } = library();
  const types = addKubernetesLibrary(new Environment({ enableOptionalTypes: true }));
  const shape = new CelTypes(types).shapeOf(schema, isRoot);
  types.registerVariable('self', shape.type);
  const optional = types.clone().registerVariable('oldSelf', `optional<${shape.type}>`);
  const plain = types.clone().registerVariable('oldSelf', shape.type);
  return rules.map((rule) =>
    compileRule(rule, rule.optionalOldSelf === true ? optional : plain, (value) => shape.convert(value)),
  );
}

function compileRule(
  source: ValidationRule,
  environment: Cel.Environment,
  convert: (value: JsonValue) => unknown,
): CelRule | RuleDefect {
  const rule = compileExpression(environment, source.rule, 'bool');
  if (typeof rule === 'string') return { field: 'rule', detail: rule };
  const message =
    source.messageExpression === undefined
      ? undefined
      : compileExpression(environment, source.messageExpression, 'string');
  if (typeof message === 'string') return { field: 'messageExpression', detail: message };
  const isOptional = source.optionalOldSelf === true;
  const variables = ({ self, old }: RuleInput) => ({
    self: convert(self),
    ...(isOptional ? { oldSelf: optionalOf(old === undefined ? undefined : convert(old)) } : {}),
    ...(isOptional || old === undefined ? {} : { oldSelf: convert(old) }),
  });
  return {
    source,
    usesOldSelf: rule.usesOldSelf,
    brokenMessage: (input) => {
      const values = variables(input);
      if (rule.evaluate(values) === true) return undefined;
      return (
        computedMessage(message, values) ?? source.message?.trim() ?? `failed rule: ${source.rule.trim()}`
      );
    },
  };
}

interface Expression {
  readonly usesOldSelf: boolean;
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** The expression, or why it is none. */
function compileExpression(
  environment: Cel.Environment,
  text: string,
  type: 'bool' | 'string',
): Expression | string {
  const name = type === 'bool' ? 'cel expression' : 'messageExpression';
  try {
    const { ast } = environment.parse(text);
    const parsed = environment.parse(withRe2Matches(text, ast));
    const { valid, error, type: found } = parsed.check();
    if (!valid) return `compilation failed: ${error?.message ?? 'the type check failed'}`;
    if (found !== type && found !== 'dyn') return `${name} must evaluate to a ${type}`;
    return {
      usesOldSelf: [...nodesOf(ast)].some((node) => node.op === 'id' && node.args === 'oldSelf'),
      evaluate: (variables) => parsed(variables),
    };
  } catch (error) {
    return `compilation failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The message that a rule computes; undefined, which stands for the fixed one, when that fails. */
function computedMessage(
  expression: Expression | undefined,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  if (expression === undefined) return undefined;
  try {
    const message = String(expression.evaluate(variables)).trim();
    const usable = message !== '' && !message.includes('\n') && message.length <= MAX_MESSAGE_LENGTH;
    return usable ? message : undefined;
  } catch {
    // As the API server does: a message that cannot be computed is no reason for another answer.
    return undefined;
  }
}

function optionalOf(value: unknown): Cel.Optional {
  const { Optional } = library();
  return value === undefined ? Optional.none() : Optional.of(value);
}

/** The same expression with each call of `matches` renamed, found by its place in the syntax tree. */
function withRe2Matches(text: string, ast: Cel.ASTNode): string {
  const places: number[] = [];
  for (const node of nodesOf(ast)) {
    if (node.op !== 'rcall' || node.args[0] !== 'matches') continue;
    places.push(text.indexOf('matches', node.args[1].end));
  }
  return places
    .sort((a, b) => b - a)
    .reduce(
      (result, at) => `${result.slice(0, at)}${RE2_MATCHES}${result.slice(at + 'matches'.length)}`,
      text,
    );
}

function* nodesOf(node: Cel.ASTNode): Generator<Cel.ASTNode> {
  yield node;
  for (const child of [node.args].flat(4) as unknown[]) {
    if (isNode(child)) yield* nodesOf(child);
  }
}

function isNode(value: unknown): value is Cel.ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** Loaded when the first rule is compiled: it takes tens of milliseconds, which most starts need not spend. */
function library(): typeof Cel {
  loaded ??= createRequire(import.meta.url)('@marcbachmann/cel-js') as typeof Cel;
  return loaded;
}
let loaded: typeof Cel | undefined;
