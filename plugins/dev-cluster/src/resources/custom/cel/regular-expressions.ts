/** Compiled expressions, by their text; rules use few, and constant ones. */
const compiled = new Map<string, RegExp>();
const MAX_COMPILED = 256;

/**
 * Compiles an expression of RE2, which CEL uses: flags at its beginning, as in `(?i)yes`, become those of JavaScript; the
 * rest must mean the same in both. Throws for what JavaScript does not understand.
 */
export function compileRe2(text: string): RegExp {
  let expression = compiled.get(text);
  if (expression !== undefined) return expression;
  const [prefix = '', flags = ''] = /^\(\?([ims]+)\)/.exec(text) ?? [];
  expression = new RegExp(text.slice(prefix.length), flags);
  const [oldest] = compiled.keys();
  if (compiled.size >= MAX_COMPILED && oldest !== undefined) compiled.delete(oldest);
  compiled.set(text, expression);
  return expression;
}
