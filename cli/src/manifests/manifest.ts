import type { KubernetesObject } from '@rynxs/kernel';

/** A path into an object: `['spec', 'env', 0, 'name']`. */
export type FieldPath = readonly (string | number)[];

/** An object that a file asks for. */
export interface Manifest {
  /** The file as the user named it. */
  readonly file: string;
  /** `apiVersion`, `kind` and `metadata.name` are known to be there. */
  readonly object: KubernetesObject & { readonly apiVersion: string; readonly kind: string };
  /** Line of the file, from 1, where the field stands, or the nearest field around it that does. */
  lineOf(path: FieldPath): number;
}

/** `spec.env[0].name`, as the API server writes it. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
