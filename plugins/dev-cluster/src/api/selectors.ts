import type { ResourceDefinition } from '../resources/definition.js';
import { type JsonObject, stringAt, stringsAt } from '../storage/json.js';
import { badRequest, type StatusError } from '../storage/status-error.js';

type Labels = Readonly<Record<string, string>>;
type LabelTest = (labels: Labels) => boolean;

/** Which objects a list or watch shows. */
export interface ObjectFilter {
  readonly namespace?: string;
  readonly labels?: LabelTest;
  readonly fields?: (object: JsonObject) => boolean;
}

/** Makes the filter of a request's selectors. Throws 400 for what cannot be understood or is not supported. */
export function parseFilter(
  definition: ResourceDefinition,
  namespace: string | undefined,
  query: URLSearchParams,
): ObjectFilter {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(definition, query.get('fieldSelector') ?? '');
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(fields === undefined ? {} : { fields }),
  };
}

export function passes(filter: ObjectFilter, object: JsonObject): boolean {
  if (filter.namespace !== undefined && stringAt(object, 'metadata', 'namespace') !== filter.namespace) {
    return false;
  }
  if (filter.labels !== undefined && !filter.labels(stringsAt(object, 'metadata', 'labels'))) return false;
  return filter.fields === undefined || filter.fields(object);
}

const SET_REQUIREMENT = /^([^\s!=,()<>]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const ORDER_REQUIREMENT = /^([^\s!=,()<>]+)\s*([<>])\s*(-?\d+)$/;
const EQUALITY_REQUIREMENT = /^([^\s!=,()<>]+)\s*(==|=|!=)\s*([^\s!=,()<>]*)$/;
const EXISTENCE_REQUIREMENT = /^(!?)\s*([^\s!=,()<>]+)$/;

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`; undefined for the empty selector. Throws 400. */
export function parseLabelSelector(selector: string): LabelTest | undefined {
  const parts = splitRequirements(selector);
  if (parts.length === 0) return undefined;
  const tests = parts.map((part) => labelRequirement(part, selector));
  return (labels) => tests.every((test) => test(labels));
}

function labelRequirement(part: string, selector: string): LabelTest {
  const set = SET_REQUIREMENT.exec(part);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return operator === 'in'
      ? (labels) => labels[key] !== undefined && values.has(labels[key])
      : (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const equality = EQUALITY_REQUIREMENT.exec(part);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const order = ORDER_REQUIREMENT.exec(part);
  if (order !== null) {
    const [, key = '', operator, bound] = order;
    return (labels) => {
      const value = labels[key];
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      return operator === '<' ? Number(value) < Number(bound) : Number(value) > Number(bound);
    };
  }
  const existence = EXISTENCE_REQUIREMENT.exec(part);
  if (existence !== null) {
    const [, not, key = ''] = existence;
    return not === '!' ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
  }
  throw badRequest(
    `unable to parse requirement: found ${JSON.stringify(part)} in the label selector ${JSON.stringify(selector)}`,
  );
}

/** Splits at commas outside of parentheses. */
function splitRequirements(selector: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const character of selector) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(current.trim());
      current = '';
    } else current += character;
  }
  if (current.trim() !== '' || parts.length > 0) parts.push(current.trim());
  return parts;
}

function parseFieldSelector(
  definition: ResourceDefinition,
  selector: string,
): ((object: JsonObject) => boolean) | undefined {
  if (selector.trim() === '') return undefined;
  const supported = new Set([
    'metadata.name',
    'metadata.namespace',
    ...Object.keys(definition.selectableFields?.({}) ?? {}),
  ]);
  const tests = selector.split(',').map((part) => {
    const match = /^\s*([^=!\s]+)\s*(==|=|!=)(.*)$/.exec(part);
    if (match === null) {
      throw badRequest(`invalid selector: '${selector}'; can't understand '${part}'`);
    }
    const [, field = '', operator, value = ''] = match;
    if (!supported.has(field)) throw unsupportedField(definition, field);
    return { field, equal: operator !== '!=', value: value.replace(/\\([=,\\])/g, '$1').trim() };
  });
  return (object) => {
    const fields = definition.selectableFields?.(object) ?? {};
    return tests.every(({ field, equal, value }) => {
      const actual = field.startsWith('metadata.')
        ? (stringAt(object, 'metadata', field.slice('metadata.'.length)) ?? '')
        : (fields[field] ?? '');
      return (actual === value) === equal;
    });
  };
}

/** Kinds with fields of their own word it otherwise than those that have none. */
function unsupportedField(definition: ResourceDefinition, field: string): StatusError {
  if (definition.selectableFields !== undefined) return badRequest(`field label not supported: ${field}`);
  const known = ['metadata.name', ...(definition.type.namespaced ? ['metadata.namespace'] : [])];
  return badRequest(
    `${JSON.stringify(field)} is not a known field selector: only ${known.map((each) => JSON.stringify(each)).join(', ')}`,
  );
}
