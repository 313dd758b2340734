/**
 * Cases of the conformance suite that come out otherwise on the embedded cluster, each with the reason. The suite fails when
 * one of them no longer differs. `docs/EXPECTED_DIFFERENCES.md` shows the same table, beside what no case is about.
 */
export const EXPECTED_DIFFERENCES: Readonly<Record<string, string>> = {
  'requests: fields that stand twice are refused when strict':
    'The last one counts, without a word: finding them would mean to read every body twice.',
  'patches: server-side apply makes and owns':
    'It is 415 with the advice to use client-side apply: who owns which field is not tracked.',
};

/** The table as the document has it. */
export function differencesTable(): string {
  const rows = Object.entries(EXPECTED_DIFFERENCES).map(([title, reason]) => `| ${title} | ${reason} |`);
  return ['| case | on the embedded cluster |', '|---|---|', ...rows].join('\n');
}
