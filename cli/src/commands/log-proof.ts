import { Command } from 'commander';
import type { ProofOptions } from '../log-proofs/proof-command.js';
import { withOutput } from '../terminal/output-format.js';
import { wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withKeys } from './key-option.js';
import { withStore } from './store-option.js';

export function logProofCommand(context: CommandContext): Command {
  const command = new Command('proof')
    .description('make a receipt (C2SP tlog-proof): proves offline that a record is in the log')
    .argument('<seq>', 'sequence number of the record', wholeNumber(0, 9_999_999_999))
    .option('--out <file>', 'a new file (default: standard output)')
    .action(async (seq: number, options: ProofOptions) => {
      const { proofCommand } = await import('../log-proofs/proof-command.js');
      await proofCommand(seq, options, context.terminal);
    })
    .addHelpText(
      'after',
      `
It is made against the newest signed checkpoint; with --key only against one of that key.

Example:
  rynxs log proof 17 --out record-17.tlog-proof`,
    );
  return withOutput(withKeys(withStore(command)));
}
