import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberAt,
  objectsAt,
  stringAt,
} from '../../storage/json.js';
import { AGE_COLUMN, age, NAME_COLUMN } from '../columns.js';
import type { PrinterColumn } from '../definition.js';
import { compileJsonPath } from '../json-path.js';

const TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const;

/** The columns of a version of a CustomResourceDefinition: the name, then its own, or the age where it has none. */
export function customColumns(version: JsonObject): readonly PrinterColumn[] {
  const own = objectsAt(version, 'additionalPrinterColumns');
  if (own.length === 0) return [NAME_COLUMN, AGE_COLUMN];
  return [NAME_COLUMN, ...own.map(customColumn)];
}

function customColumn(column: JsonObject): PrinterColumn {
  const find = compileJsonPath(stringAt(column, 'jsonPath') ?? '');
  const type = TYPES.find((each) => each === column.type) ?? 'string';
  return {
    name: stringAt(column, 'name') ?? '',
    type,
    format: stringAt(column, 'format') ?? '',
    description: stringAt(column, 'description') ?? '',
    priority: numberAt(column, 'priority') ?? 0,
    cell: (object, nowMs) => cell(type, find?.(object) ?? [], nowMs),
  };
}

function cell(type: PrinterColumn['type'], found: readonly JsonValue[], nowMs: number): JsonValue {
  const [first] = found;
  if (first === undefined || first === null) return null;
  switch (type) {
    case 'date':
      return age(first, nowMs);
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    default:
      return found
        .map((value) => (isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)))
        .join(' ');
  }
}
