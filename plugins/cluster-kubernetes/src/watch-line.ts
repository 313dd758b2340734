const QUOTE = 0x22;
const VERSION_FIELD = Buffer.from('"resourceVersion":"');
const ADDED = Buffer.from('{"type":"ADDED","object":{');
const MODIFIED = Buffer.from('{"type":"MODIFIED","object":{');

/**
 * The version of the object that a line of a watch brings, found without parsing it; undefined when it cannot be told in
 * this way. It can when the line says in one place only what a resourceVersion is: every object has one, so that this is
 * its own, and no label or annotation of the name. Quotes within texts are escaped, and so never match.
 */
export function versionInLine(line: Buffer): string | undefined {
  if (!beginsWith(line, ADDED) && !beginsWith(line, MODIFIED)) return undefined;
  const field = line.indexOf(VERSION_FIELD);
  if (field === -1) return undefined;
  const start = field + VERSION_FIELD.length;
  const end = line.indexOf(QUOTE, start);
  if (end === -1 || line.indexOf(VERSION_FIELD, end) !== -1) return undefined;
  return line.toString('latin1', start, end);
}

function beginsWith(line: Buffer, start: Buffer): boolean {
  return line.length > start.length && line.compare(start, 0, start.length, 0, start.length) === 0;
}
