import { isJsonObject, type JsonValue, sameJson } from '../storage/json.js';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'filter';
      readonly path: readonly Step[];
      readonly operator: string;
      readonly value: JsonValue;
    };

/** A compiled path: all values that it finds in an object, in order. */
export type JsonPath = (value: JsonValue) => readonly JsonValue[];

const FIELD = /^\.?((?:\\.|[^.[\\\s])+)/;
const BRACKET_FIELD = /^\.?\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]/;
const INDEX = /^\.?\[\s*(-?\d+)\s*\]/;
const SLICE = /^\.?\[\s*(\d*)\s*:\s*(\d*)\s*\]/;
const ALL = /^\.?(?:\[\s*\*\s*\]|\*)/;
const FILTER = /^\.?\[\?\(\s*@((?:\\.|[^=!<>\s])+)\s*(==|!=|>=|<=|>|<)\s*(.+?)\s*\)\]/;

/**
 * Compiles a path of Kubernetes's JSONPath: `.spec.role`, `.status.conditions[?(@.type=="Ready")].status`, `[0]`, `[*]`,
 * `['a.b']`, `.metadata.annotations.example\.org/x`. Undefined for anything else.
 */
export function compileJsonPath(path: string): JsonPath | undefined {
  const text = path
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
    .replace(/^\$/, '');
  const steps = parse(text);
  return steps === undefined ? undefined : (value) => steps.reduce<readonly JsonValue[]>(walk, [value]);
}

function parse(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (let rest = path; rest !== '' && rest !== '.'; ) {
    const parsed = parseStep(rest);
    if (parsed === undefined) return undefined;
    steps.push(parsed.step);
    rest = rest.slice(parsed.length);
  }
  return steps;
}

function parseStep(text: string): { readonly step: Step; readonly length: number } | undefined {
  const filter = FILTER.exec(text);
  if (filter !== null) {
    const [whole, path = '', operator = '', literal = ''] = filter;
    const inner = parse(path);
    const value = parseLiteral(literal);
    if (inner === undefined || value === undefined) return undefined;
    return { step: { kind: 'filter', path: inner, operator, value }, length: whole.length };
  }
  const bracket = BRACKET_FIELD.exec(text);
  if (bracket !== null) {
    const name = (bracket[1] ?? bracket[2] ?? '').replace(/\\(.)/g, '$1');
    return { step: { kind: 'field', name }, length: bracket[0].length };
  }
  const index = INDEX.exec(text);
  if (index !== null) return { step: { kind: 'index', index: Number(index[1]) }, length: index[0].length };
  const slice = SLICE.exec(text);
  if (slice !== null) {
    const [whole, from = '', to = ''] = slice;
    return {
      step: { kind: 'slice', from: Number(from), to: to === '' ? undefined : Number(to) },
      length: whole.length,
    };
  }
  const all = ALL.exec(text);
  if (all !== null) return { step: { kind: 'all' }, length: all[0].length };
  const field = FIELD.exec(text);
  if (field === null) return undefined;
  return {
    step: { kind: 'field', name: (field[1] ?? '').replace(/\\(.)/g, '$1') },
    length: field[0].length,
  };
}

function parseLiteral(text: string): JsonValue | undefined {
  const quoted = /^'((?:\\.|[^'\\])*)'$|^"((?:\\.|[^"\\])*)"$/.exec(text);
  if (quoted !== null) return (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1');
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}

function walk(values: readonly JsonValue[], step: Step): readonly JsonValue[] {
  return values.flatMap((value) => take(value, step));
}

function take(value: JsonValue, step: Step): readonly JsonValue[] {
  switch (step.kind) {
    case 'field': {
      const found = isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found = Array.isArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      if (Array.isArray(value)) return value;
      return isJsonObject(value) ? Object.values(value).filter((each) => each !== undefined) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => satisfies(item, step)) : [];
  }
}

function satisfies(item: JsonValue, filter: Extract<Step, { kind: 'filter' }>): boolean {
  const [found] = filter.path.reduce<readonly JsonValue[]>(walk, [item]);
  if (found === undefined) return false;
  switch (filter.operator) {
    case '==':
      return sameJson(found, filter.value);
    case '!=':
      return !sameJson(found, filter.value);
    default:
      if (typeof found !== 'number' || typeof filter.value !== 'number') return false;
      if (filter.operator === '<') return found < filter.value;
      if (filter.operator === '<=') return found <= filter.value;
      return filter.operator === '>' ? found > filter.value : found >= filter.value;
  }
}
