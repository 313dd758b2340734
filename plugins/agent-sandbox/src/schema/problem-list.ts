import type { Problem } from './structural-schema.js';

const SHOWN_PROBLEMS = 3;

/** The first three problems in words, and how many more there are. */
export function describeProblems(problems: readonly Problem[]): string {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ field, detail }) => `${field} ${detail}`);
  const hidden = problems.length - shown.length;
  return `${shown.join('; ')}${hidden > 0 ? `; and ${hidden} more` : ''}`;
}
