import { DEFECTS } from './defects.js';
import { runSeedsCommand, total } from './seeds-command.js';
import { simulate } from './simulation.js';

process.exitCode = await runSeedsCommand({
  command: 'npm run sim',
  about: `Simulates writers on a bucket behind a bad network, one seed after another, and holds what they are told against what
is stored.`,
  defects: DEFECTS,
  simulate,
  summarize: (results) =>
    `${Math.round(total(results, ({ elapsedMs }) => elapsedMs) / 3_600_000)} h simulated, ` +
    `${total(results, ({ requests }) => requests)} requests, ${total(results, ({ epochs }) => epochs)} terms, ` +
    `${total(results, ({ acknowledged }) => acknowledged)} events acknowledged, ` +
    `${total(results, ({ refused }) => refused)} refused.`,
});
