/** What a request to a resource asks for. */
export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** What a path names. */
export type RequestTarget =
  | { readonly kind: 'resource'; readonly resource: ResourceRequest }
  /** `/apis/apps/v1`, `/api/v1`. */
  | { readonly kind: 'groupVersion'; readonly group: string; readonly version: string }
  /** `/apis/apps`. */
  | { readonly kind: 'group'; readonly group: string }
  /** Anything else: `/version`, `/api`, `/openapi/v3`, … */
  | { readonly kind: 'other'; readonly path: string };

/** Understands a path of the Kubernetes API; undefined when it cannot be decoded. */
export function parsePath(path: string): RequestTarget | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '') continue;
    if (!part.includes('%')) {
      parts.push(part);
      continue;
    }
    try {
      parts.push(decodeURIComponent(part));
    } catch {
      return undefined;
    }
  }
  const [root, ...rest] = parts;
  if (root === 'api' && rest.length > 0) {
    const [version = '', ...resource] = rest;
    return resource.length === 0
      ? { kind: 'groupVersion', group: '', version }
      : resourceTarget('', version, resource);
  }
  if (root === 'apis' && rest.length > 0) {
    const [group = '', version, ...resource] = rest;
    if (version === undefined) return { kind: 'group', group };
    return resource.length === 0
      ? { kind: 'groupVersion', group, version }
      : resourceTarget(group, version, resource);
  }
  return { kind: 'other', path: `/${parts.join('/')}` };
}

function resourceTarget(group: string, version: string, parts: readonly string[]): RequestTarget {
  const [first = '', second, third] = parts;
  const namespaceItself =
    first === 'namespaces' && (parts.length < 3 || third === 'status' || third === 'finalize');
  if (first !== 'namespaces' || namespaceItself) return target(group, version, undefined, parts);
  return target(group, version, second, parts.slice(2));
}

function target(
  group: string,
  version: string,
  namespace: string | undefined,
  parts: readonly string[],
): RequestTarget {
  const [plural = '', name, ...subresource] = parts;
  return {
    kind: 'resource',
    resource: {
      group,
      version,
      plural,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(subresource.length === 0 ? {} : { subresource: subresource.join('/') }),
    },
  };
}
