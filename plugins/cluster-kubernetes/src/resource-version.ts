const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

/**
 * Compares two versions of objects of one resource: negative when `a` is older, 0 when they are equal, positive when
 * `a` is newer; undefined when they cannot be ordered. Versions that are decimal numbers are ordered as such
 * (KEP-5504, Kubernetes 1.35); numbers may be longer than a double can hold.
 */
export function compareResourceVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Whether `a` is known to be newer than `b`. */
export function isNewer(a: string | undefined, b: string | undefined): boolean {
  return (compareResourceVersions(a, b) ?? 0) > 0;
}
