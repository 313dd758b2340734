import { isJsonObject, type JsonObject, type JsonValue, sameJson } from '../../../storage/json.js';
import { requiredValue } from '../../../storage/metadata-rules.js';
import type { StatusCause } from '../../../storage/status-error.js';
import { duplicateValue } from '../../pod-rules.js';
import type { FieldSchema, ValidationRule } from '../../schema/field-schema.js';
import { alignedOld, correlatedItem } from '../correlation.js';
import { fieldSchema } from '../defaulting.js';
import { type CelRule, compileRules, type RuleDefect } from './cel-rule.js';

/** A schema with the rules of all its parts. */
export interface CelValidator {
  readonly hasRules: boolean;
  /** Every rule that is broken; `old` is the object before an update. */
  causes(object: JsonObject, old: JsonObject | undefined): readonly StatusCause[];
  /** Rules that make no sense, with the place of each in the schema: `.properties[spec].x-kubernetes-validations[0].rule`. */
  readonly defects: readonly StatusCause[];
}

/** The rules of a schema and, under each part that has some, of its parts. */
interface RuleTree {
  readonly schema: FieldSchema;
  readonly rules: readonly CelRule[];
  readonly fields: ReadonlyMap<string, RuleTree>;
  /** Of the elements of a list, or the values of a map. */
  readonly each: RuleTree | undefined;
}

/** Compiles all rules of a schema. */
export function compileCel(schema: FieldSchema): CelValidator {
  const defects: StatusCause[] = [];
  const tree = compileTree(schema, { path: '', isRoot: true, uncorrelatable: undefined, defects });
  return {
    hasRules: tree !== undefined,
    defects,
    causes: (object, old) => {
      const causes: StatusCause[] = [];
      if (tree !== undefined) check(tree, { self: object, old, path: '', isUnchanged: false }, causes);
      return causes;
    },
  };
}

interface SchemaPlace {
  readonly path: string;
  readonly isRoot: boolean;
  /** The part of the schema below which no value is known to be the one that was there before. */
  readonly uncorrelatable: string | undefined;
  readonly defects: StatusCause[];
}

function compileTree(schema: FieldSchema, place: SchemaPlace): RuleTree | undefined {
  const { path, defects } = place;
  const rules: CelRule[] = [];
  compileRules(schema, place.isRoot).forEach((compiled, index) => {
    const source = schema['x-kubernetes-validations']?.[index] ?? { rule: '' };
    const defect = 'detail' in compiled ? compiled : misuseOfOldSelf(compiled, place.uncorrelatable);
    if (defect === undefined && 'brokenMessage' in compiled) rules.push(compiled);
    else if (defect !== undefined)
      defects.push(defectCause(defect, source, `${path}.x-kubernetes-validations[${index}]`));
  });
  const inner = { ...place, isRoot: false };
  const fields = new Map<string, RuleTree>();
  for (const [field, own] of Object.entries(schema.properties ?? {})) {
    const tree = compileTree(own, { ...inner, path: `${path}.properties[${field}]` });
    if (tree !== undefined) fields.set(field, tree);
  }
  const each = compileEach(schema, inner);
  return rules.length > 0 || fields.size > 0 || each !== undefined
    ? { schema, rules, fields, each }
    : undefined;
}

function compileEach(schema: FieldSchema, place: SchemaPlace): RuleTree | undefined {
  const { path, uncorrelatable } = place;
  if (schema.items !== undefined) {
    const isMap = schema['x-kubernetes-list-type'] === 'map';
    return compileTree(schema.items, {
      ...place,
      path: `${path}.items`,
      uncorrelatable: uncorrelatable ?? (isMap ? undefined : path),
    });
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object') return undefined;
  return compileTree(additionalProperties, { ...place, path: `${path}.additionalProperties` });
}

function misuseOfOldSelf(rule: CelRule, uncorrelatable: string | undefined): RuleDefect | undefined {
  if (!rule.usesOldSelf || uncorrelatable === undefined) return undefined;
  const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable.replace(/^\./, '')}`;
  return { field: 'rule', detail };
}

function defectCause({ field, detail }: RuleDefect, source: ValidationRule, path: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(source)}: ${detail}`,
    field: `${path}.${field}`,
  };
}

interface Place {
  readonly self: JsonValue;
  readonly old: JsonValue | undefined;
  /** `spec.env[0]`; empty for the whole object. */
  readonly path: string;
  /** Whether something that contains the value is as it was before the update. */
  readonly isUnchanged: boolean;
}

function check(tree: RuleTree, place: Place, causes: StatusCause[]): void {
  const { self, old } = place;
  if (self === null) return;
  const isUnchanged = place.isUnchanged || (old !== undefined && sameJson(self, old));
  for (const rule of tree.rules) {
    const cause = brokenRule(rule, tree.schema, { ...place, isUnchanged });
    if (cause !== undefined) causes.push(cause);
  }
  const descend = (
    inner: RuleTree | undefined,
    value: JsonValue,
    before: JsonValue | undefined,
    path: string,
  ) => {
    if (inner !== undefined) check(inner, { self: value, old: before, path, isUnchanged }, causes);
  };
  if (Array.isArray(self)) {
    self.forEach((item, index) => {
      descend(
        tree.each,
        item,
        old === undefined ? undefined : correlatedItem(tree.schema, item, old),
        `${place.path}[${index}]`,
      );
    });
  } else if (isJsonObject(self)) {
    for (const field of Object.keys(self)) {
      const value = self[field];
      if (value === undefined || fieldSchema(tree.schema, field) === undefined) continue;
      const isNamed = tree.schema.properties !== undefined;
      const before = isJsonObject(old) && Object.hasOwn(old, field) ? old[field] : undefined;
      const path = isNamed ? joined(place.path, field) : `${place.path}[${field}]`;
      descend(isNamed ? tree.fields.get(field) : tree.each, value, before, path);
    }
  }
}

/** What is wrong by one rule. What an update leaves as it was is wrong no more, unless the rule is about the change. */
function brokenRule(rule: CelRule, schema: FieldSchema, place: Place): StatusCause | undefined {
  const { self, old, isUnchanged, path } = place;
  const { source } = rule;
  if (rule.usesOldSelf && old === undefined && source.optionalOldSelf !== true) return undefined;
  try {
    const before = old === undefined ? undefined : alignedOld(schema, self, old);
    const message = rule.brokenMessage({ self, old: before });
    if (message === undefined || (isUnchanged && !rule.usesOldSelf)) return undefined;
    const field = source.fieldPath === undefined ? path : `${path}${source.fieldPath.trim()}`;
    return causeFor(source, schema, field.replace(/^\./, ''), message);
  } catch (error) {
    const [detail = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    const text = source.message?.trim() ?? source.rule.trim();
    return invalid(
      path,
      schema,
      `${detail.charAt(0).toLowerCase()}${detail.slice(1)} evaluating rule: ${text}`,
    );
  }
}

function causeFor(source: ValidationRule, schema: FieldSchema, field: string, message: string): StatusCause {
  const shown = field === '' ? '<nil>' : field;
  switch (source.reason) {
    case 'FieldValueForbidden':
      return { reason: source.reason, message: `Forbidden: ${message}`, field: shown };
    case 'FieldValueRequired':
      return requiredValue(shown, message);
    case 'FieldValueDuplicate':
      return duplicateValue(shown, schema.type ?? '');
    default:
      return invalid(field, schema, message);
  }
}

/** The API server shows the type of the value, not the value itself. */
function invalid(field: string, schema: FieldSchema, detail: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(schema.type ?? '')}: ${detail}`,
    field: field === '' ? '<nil>' : field,
  };
}

function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
