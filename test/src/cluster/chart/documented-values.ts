import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../rynxs-process.js';

/** What users were given to copy stands in this document. */
const PAGE = 'helm/rynxs/README.md';

/** A block of code of the chart's documentation, whole, found by what it begins with. */
export function documented(beginning: string): string {
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const blocks = [...page.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const found = blocks.find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`${PAGE} has no block that begins with "${beginning}"`);
  return found;
}
