import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '@rynxs/kernel';
import { LeaderLease } from '../../leadership/leader-lease.js';
import { type LeaderReport, leaderReport } from '../../leadership/leader-report.js';
import { formatElapsed, parseDuration } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok, skipped, warning } from '../finding.js';
import type { Installation } from '../installation.js';

const POLL_MS = 250;
const DEFAULT_CLAIM_MS = 15_000;

/** Whether the timings of the election are sound, and somebody leads by them. */
export const leaderCheck: Check = {
  name: 'leader',
  parts: [
    async (installation, signal) => {
      const { settings } = await installation.knownKernel();
      await installation.leadership();
      if (settings.leadershipType !== 'lease') {
        return [skipped(`LEADERSHIP_TYPE is ${settings.leadershipType}: there is no Lease`)];
      }
      const lease = new LeaderLease(await installation.knownConnection(), settings);
      const found = await lease.read(signal);
      if (found === undefined) {
        const remedy =
          'Start an operator with LEADERSHIP_TYPE=lease; it makes the Lease when it leads first.';
        return [warning(`there is no Lease ${lease.name}: nobody has led yet`, remedy)];
      }
      const report = leaderReport(found, Date.now());
      return [
        await judgeHolder(report, found, lease, signal),
        ...judgeClaim(report, await claimOf(installation)),
      ];
    },
  ],
};

async function judgeHolder(
  report: LeaderReport,
  found: KubernetesObject,
  lease: LeaderLease,
  signal: AbortSignal,
): Promise<Finding> {
  const { holder, state, epoch } = report;
  if (holder === null) {
    const remedy = 'A replica takes it within seconds where one runs: `rynxs leader --watch` shows it.';
    return warning(`the Lease ${lease.name} was released, and nobody has taken it yet`, remedy);
  }
  const term = epoch === null ? '' : ` in epoch ${epoch}`;
  if (state === 'held') return ok(`${holder} leads${term}`);
  // By this machine's clock alone nobody can say: whether it is renewed is seen by looking on, as other replicas do.
  const claimMs = report.lease_duration_seconds * 1000;
  if (await isRenewed(found, lease, claimMs, signal)) return ok(`${holder} leads${term}`);
  return failed(
    `the claim of ${holder} is stale: it was last renewed ${report.renewed ?? 'at no time'}, did not change for ${formatElapsed(claimMs)}, and nobody took over`,
    'No replica runs, or none can reach the API server or the log: look at the pods and their logs.',
  );
}

/** Whether somebody writes the Lease while one looks on for as long as a claim lasts. */
async function isRenewed(
  { metadata: { resourceVersion } }: KubernetesObject,
  lease: LeaderLease,
  claimMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const endAt = performance.now() + claimMs;
  while (performance.now() < endAt) {
    await sleep(POLL_MS, undefined, { signal });
    const now = await lease.read(signal);
    if (now?.metadata.resourceVersion !== resourceVersion) return now !== undefined;
  }
  return false;
}

/** Replicas with other timings disagree on who leads, or wait longer than anybody expects. */
export function judgeClaim(
  { holder, lease_duration_seconds: seconds }: LeaderReport,
  ownMs: number,
): Finding[] {
  const own = Math.ceil(ownMs / 1000);
  if (holder === null || seconds === own) return [];
  return [
    warning(
      `${holder} claims the Lease for ${seconds} s at a time, and by the settings here it would be ${own} s`,
      'Give all replicas the same LEADER_ELECTION_LEASE_DURATION.',
    ),
  ];
}

async function claimOf(installation: Installation): Promise<number> {
  const text = await installation.setting('leader-lease.leaseDuration');
  return parseDuration(text ?? '') ?? DEFAULT_CLAIM_MS;
}
