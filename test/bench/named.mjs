/** An object as it is, for another name: the name stands in names, labels and selectors. */
export function named(object, from, to) {
  return JSON.parse(JSON.stringify(object).replaceAll(JSON.stringify(from), JSON.stringify(to)));
}
