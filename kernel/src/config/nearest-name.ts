/** The name in `known` that `name` was probably meant to be; undefined when none is close. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  // More than a third of the letters wrong is another word, not a typing error.
  let best = { name: undefined as string | undefined, distance: Math.floor(name.length / 3) + 1 };
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < best.distance) best = { name: candidate, distance };
  }
  return best.name;
}

/** Levenshtein distance: how many letters must be put in, taken out or replaced. */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
