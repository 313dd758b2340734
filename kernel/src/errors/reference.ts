import { ERROR_TABLE } from './table.js';

/** The reference of all error codes, as Markdown: the source of docs/errors.md. */
export function errorReference(): string {
  const entries = Object.entries(ERROR_TABLE).sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = entries.map(([code, { message, remedy, exitCode }]) =>
    [`## ${code}`, '', `\`${message}\``, '', remedy, '', `Exit code ${exitCode}.`].join('\n'),
  );
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `# Errors

Generated from the table of codes; do not edit.

Every error that Rynxs reports on purpose has a code, which is permanent: it is never renamed and never used for anything
else. Below stand what it says, what to do about it, and with which code a command that ends with it exits (1: it failed,
2: it was used wrongly, or its input cannot be read). Names in braces are filled in.`;
