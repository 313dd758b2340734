/**
 * Patterns over registry and repository of an image: `registry.example.com/agents/*`, `ghcr.io/acme/**`. The registry is
 * literal. `*` stands for any characters of one part of the path, `**` for one or more whole parts.
 */
export const IMAGE_PATTERN =
  '^(localhost|[a-z0-9-]+(\\.[a-z0-9-]+)+|[a-z0-9-]+(\\.[a-z0-9-]+)*:[0-9]{1,5})(/[a-z0-9._*-]+)+$';

export interface ImageReference {
  /** Registry and repository in full: `docker.io/library/python`. */
  readonly name: string;
  readonly isPinned: boolean;
}

// The grammar of github.com/distribution/reference, with the digests that OCI registers.
const REFERENCE =
  /^(?<name>[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*?)(?::(?<tag>[\w][\w.-]{0,127}))?(?<digest>@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;
const HOST = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*(?::[0-9]{1,5})?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DEFAULT_REGISTRY = 'docker.io';

/**
 * Reads an image as containerd does: without a registry it is Docker Hub's. Undefined for text that is no reference, or
 * whose digest is cut short.
 */
export function parseImage(image: string): ImageReference | undefined {
  const groups = REFERENCE.exec(image)?.groups;
  if (groups?.name === undefined) return undefined;
  const [first = '', ...rest] = groups.name.split('/');
  const hasRegistry = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first));
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const path = hasRegistry ? rest : [first, ...rest];
  if (!HOST.test(registry) || !path.every((part) => PATH_PART.test(part))) return undefined;
  const isOfficial = registry === DEFAULT_REGISTRY && path.length === 1;
  const name = [registry === 'index.docker.io' ? DEFAULT_REGISTRY : registry]
    .concat(isOfficial ? ['library'] : [], path)
    .join('/');
  return { name, isPinned: groups.digest !== undefined };
}

/** Whether the full name of an image is one that the pattern means. */
export function matchesImage(pattern: string, name: string): boolean {
  const [registry, ...parts] = pattern.split('/');
  const [host, ...path] = name.split('/');
  return registry === host && matchesParts(parts, path);
}

function matchesParts(parts: readonly string[], path: readonly string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return path.length === 0;
  if (path.length < parts.length) return false;
  if (part === '**') return path.some((_, index) => matchesParts(rest, path.slice(index + 1)));
  return matchesText(part, path[0] ?? '') && matchesParts(rest, path.slice(1));
}

/** Whether `text` is the pattern, in which `*` stands for any characters, also none. */
export function matchesText(pattern: string, text: string): boolean {
  const [head = '', ...pieces] = pattern.split('*');
  const tail = pieces.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head)) return false;
  let from = head.length;
  for (const piece of pieces) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return text.length - tail.length >= from && text.endsWith(tail);
}
