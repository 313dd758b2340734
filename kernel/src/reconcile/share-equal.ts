/**
 * Makes equal objects and arrays within a JSON value one and the same, in place, and returns the value. A state that was
 * reduced from events refers to the same parts again and again; read from JSON, each is a copy.
 */
export function shareEqual<T extends object>(value: T): T {
  const known = new Map<string, object>();
  const share = (part: object): object => {
    for (const [name, child] of Object.entries(part)) {
      if (typeof child === 'object' && child !== null) (part as Record<string, unknown>)[name] = share(child);
    }
    const text = JSON.stringify(part);
    const same = known.get(text);
    if (same === undefined) known.set(text, part);
    return same ?? part;
  };
  return share(value) as T;
}
