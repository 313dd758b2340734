import { at, type JsonObject, type JsonValue, stringAt } from '../storage/json.js';
import type { PrinterColumn } from './definition.js';

/** A column that is always shown. */
export function column(
  name: string,
  cell: (object: JsonObject, nowMs: number) => JsonValue,
  options: Partial<Pick<PrinterColumn, 'type' | 'format' | 'description' | 'priority'>> = {},
): PrinterColumn {
  return { name, type: 'string', description: name, priority: 0, ...options, cell };
}

/** A column for `-o wide`. */
export function wideColumn(
  name: string,
  cell: (object: JsonObject, nowMs: number) => JsonValue,
): PrinterColumn {
  return column(name, cell, { priority: 1 });
}

export const NAME_COLUMN = column('Name', (object) => stringAt(object, 'metadata', 'name') ?? '', {
  format: 'name',
  description: 'Name must be unique within a namespace.',
});

export const AGE_COLUMN = column(
  'Age',
  (object, nowMs) => age(at(object, 'metadata', 'creationTimestamp'), nowMs),
  { description: 'Time since the object was made.' },
);

/** `5s`, `4m12s`, `3h5m`, `2d`: the time since an RFC 3339 timestamp, as kubectl shows it. */
export function age(timestamp: JsonValue | undefined, nowMs: number): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  const since = Date.parse(timestamp);
  if (Number.isNaN(since)) return '<invalid>';
  return humanDuration(nowMs - since);
}

/** A duration with at most two units, the coarser the longer it is. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (days < 365 * 8) return withRest(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}

/** A label selector as kubectl prints it: `app=web,tier in (a,b)`. */
export function selectorText(selector: JsonValue | undefined): string {
  const labels = Object.entries((at(selector, 'matchLabels') ?? {}) as JsonObject)
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort();
  const expressions = at(selector, 'matchExpressions');
  for (const expression of Array.isArray(expressions) ? expressions : []) {
    const key = stringAt(expression, 'key') ?? '';
    const values = at(expression, 'values');
    const list = Array.isArray(values) ? values.join(',') : '';
    const operator = stringAt(expression, 'operator');
    if (operator === 'In') labels.push(`${key} in (${list})`);
    else if (operator === 'NotIn') labels.push(`${key} notin (${list})`);
    else if (operator === 'Exists') labels.push(key);
    else labels.push(`!${key}`);
  }
  return labels.length === 0 ? '<none>' : labels.join(',');
}
