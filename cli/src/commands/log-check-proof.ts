import { Command, Option } from 'commander';
import type { CheckProofOptions } from '../log-proofs/check-proof-command.js';
import { withOutput } from '../terminal/output-format.js';
import { collected } from './arguments.js';
import type { CommandContext } from './context.js';

export function logCheckProofCommand(context: CommandContext): Command {
  const command = new Command('check-proof')
    .description('check a receipt or a consistency proof, offline; says what it proves')
    .argument('<file>', 'what `rynxs log proof` or `rynxs log consistency` wrote')
    .addOption(
      new Option(
        '--key <key>',
        'a verifier key that you trust, or a file that holds it; may be given several times',
      )
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .option('--checkpoint <file>', 'the old checkpoint that you have kept; for a consistency proof')
    .action(async (file: string, options: CheckProofOptions) => {
      const { checkProofCommand } = await import('../log-proofs/check-proof-command.js');
      await checkProofCommand(file, options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 valid, 1 it proves nothing, 2 unreadable.

Examples:
  rynxs log check-proof record-17.tlog-proof --key auditor.vkey
  rynxs log check-proof growth.txt --key auditor.vkey --checkpoint kept-last-year.txt`,
    );
  return withOutput(command);
}
