import { at, type JsonValue, objectsAt, stringAt, stringsAt } from '../storage/json.js';

/** Whether labels satisfy a LabelSelector object (matchLabels and matchExpressions). An empty one matches all. */
export function matchesLabelSelector(
  selector: JsonValue | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const [key, value] of Object.entries(stringsAt(selector, 'matchLabels'))) {
    if (labels[key] !== value) return false;
  }
  return objectsAt(selector, 'matchExpressions').every((expression) => {
    const value = labels[stringAt(expression, 'key') ?? ''];
    const list = at(expression, 'values');
    const values: readonly JsonValue[] = Array.isArray(list) ? list : [];
    switch (stringAt(expression, 'operator')) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}
