/**
 * Makes equal objects and arrays within a JSON value one and the same, in place, and returns the value. A state that was
 * reduced from events refers to the same parts again and again; read from JSON, each is a copy.
 */
export function shareEqual<T extends object>(value: T): T {
  const parts: object[] = [];
  const places = new Map<string, number>();
  /** The place among `parts` of the one that is equal to `part`. */
  const placeOf = (part: object): number => {
    // What it contains is named by its place, so that nothing is made text more than once.
    let text = Array.isArray(part) ? '[' : '{';
    for (const [name, child] of Object.entries(part)) {
      text += JSON.stringify(name);
      if (typeof child === 'object' && child !== null) {
        const place = placeOf(child);
        (part as Record<string, unknown>)[name] = parts[place];
        text += `#${place}`;
      } else {
        text += `:${JSON.stringify(child)}`;
      }
    }
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, parts.length);
    return parts.push(part) - 1;
  };
  return parts[placeOf(value)] as T;
}
