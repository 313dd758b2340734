import { runSeedsCommand, total } from '../sim/seeds-command.js';
import { DEFECTS } from './defects.js';
import { simulate } from './simulation.js';

process.exitCode = await runSeedsCommand({
  command: 'npm run ha-sim',
  about: `Simulates three operators on a cluster and a bucket behind a bad network, with clocks that drift and people who edit the
Lease, one seed after another, and looks on the servers' side for two writers at a time.`,
  defects: DEFECTS,
  simulate,
  summarize: (results) =>
    `${Math.round(total(results, ({ elapsedMs }) => elapsedMs) / 3_600_000)} h simulated, ` +
    `${total(results, ({ terms }) => terms)} terms, ${total(results, ({ records }) => records)} events, ` +
    `${total(results, ({ effects }) => effects)} effective writes to the cluster, of them ` +
    `${total(results, ({ lateEffects }) => lateEffects)} of a term that was over; converged within ` +
    `${Math.max(...results.map(({ convergedMs }) => convergedMs)) / 1_000} s.`,
});
