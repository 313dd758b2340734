/** A word of a POSIX shell command that means exactly `text`. */
export function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A shell command line of these words. */
export function quotedCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}
