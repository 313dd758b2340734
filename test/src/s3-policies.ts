import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './rynxs-process.js';

export const POLICY_PAGE = 'docs/S3_BUCKET_POLICY.md';

/** A policy of examples/s3, as far as it uses the language of policies. */
export interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What stands for the reader's own names in the policies. */
export type PolicyNames = Readonly<Record<string, string>>;

export const POLICIES = [
  'bucket-policy',
  'operator-policy',
  'reader-policy',
  'versitygw-bucket-policy',
] as const;

/** The text of a policy of examples/s3, with `names` filled in. */
export function policyText(name: (typeof POLICIES)[number], names: PolicyNames = {}): string {
  const text = readFileSync(join(ROOT, 'examples/s3', `${name}.json`), 'utf8');
  return Object.entries(names).reduce((filled, [from, to]) => filled.replaceAll(from, to), text);
}

export function policy(name: (typeof POLICIES)[number], names: PolicyNames = {}): Policy {
  return JSON.parse(policyText(name, names)) as Policy;
}

export function policyPage(): string {
  return readFileSync(join(ROOT, POLICY_PAGE), 'utf8');
}

/** The rows of the table below the page's heading `heading`, without the line of dashes; cells are trimmed. */
export function tableOf(page: string, heading: string): readonly (readonly string[])[] {
  const at = page.indexOf(`\n## ${heading}\n`);
  if (at < 0) throw new Error(`${POLICY_PAGE} has no heading "${heading}"`);
  const section = page.slice(at + 1).split('\n## ', 1)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

/** The code of the page's block with this title. */
export function blockOf(page: string, title: string): string {
  const found = new RegExp(`^\`\`\`\\w+ title=${title}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page);
  if (found?.[1] === undefined) throw new Error(`${POLICY_PAGE} has no block ${title}`);
  return found[1];
}
