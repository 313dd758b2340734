import { canonicalize, type JsonMap } from '@rynxs/log';

/** A label selector as it stands in a NetworkPolicy. Absent selects nothing, empty selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Whether labels are selected (k8s.io/apimachinery/pkg/labels: NotIn and DoesNotExist also hold without the label). */
export function isSelected(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const key in matchLabels) if (labels[key] !== matchLabels[key]) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        // An operator of a later version: rather one policy too many on the record than one too few.
        return true;
    }
  });
}

/** The same selector for the same selection of the same terms, whatever their order. */
export function canonicalSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): JsonMap {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => ({
    key,
    operator,
    ...(values.length === 0 ? {} : { values: [...values].sort() }),
  }));
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: sortedUnique(expressions) }),
  };
}

/** The values by their canonical JSON, each once. */
export function sortedUnique<T extends JsonMap>(values: readonly T[]): readonly T[] {
  const byText = new Map(values.map((value) => [canonicalize(value), value]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
