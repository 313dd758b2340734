import { parseDuration } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok, skipped, warning } from '../finding.js';
import type { Installation } from '../installation.js';

/** From here on `rynxs leader` says that clocks are apart; ages in kubectl and in the log are off by as much. */
const NOTICEABLE_MS = 2_000;
/** The default of LEADER_ELECTION_LEASE_DURATION. */
const DEFAULT_CLAIM_MS = 15_000;
/** Dates in answers are cut to whole seconds (RFC 9110, 5.6.7). */
const RESOLUTION_MS = 1_000;

/** What a server said of the time, and between which moments of this machine's clock, all in milliseconds since 1970. */
export interface ClockReading {
  readonly server: number | undefined;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/**
 * Whether this machine's clock is that of the API server and of the store's server. Who leads does not depend on it, as
 * replicas go by their own monotonic clocks; but deadlines of Agents and Sessions, times in the log and what people read
 * in a Lease do: one that is off by more than a claim lasts makes a leader look gone that is not. S3 refuses requests that
 * are 15 minutes off.
 */
export const clocksCheck: Check = {
  name: 'clocks',
  parts: [
    async (installation, signal) => {
      const connection = await installation.knownConnection();
      const ask = async () => (await connection.read('/version', { signal })).serverTime;
      return [judgeClock('the API server', await read(ask), await boundOf(installation))];
    },
    async (installation, signal) => {
      const store = await installation.knownStore();
      if (store.serverTime === undefined) return [skipped('the store is on this machine')];
      const ask = async () => store.serverTime?.(signal);
      return [judgeClock('the store', await read(ask), await boundOf(installation))];
    },
  ],
};

async function boundOf(installation: Installation): Promise<number> {
  return parseDuration((await installation.setting('leader-lease.leaseDuration')) ?? '') ?? DEFAULT_CLAIM_MS;
}

async function read(ask: () => Promise<number | undefined>): Promise<ClockReading> {
  const askedAt = Date.now();
  const server = await ask();
  return { server, askedAt, answeredAt: Date.now() };
}

/** How far apart the clocks are at least: the answer was made at some moment between being asked for and coming. */
export function judgeClock(
  place: string,
  { server, askedAt, answeredAt }: ClockReading,
  boundMs: number,
): Finding {
  if (server === undefined) return skipped(`${place} does not tell the time`);
  const ahead = server - answeredAt;
  const behind = askedAt - (server + RESOLUTION_MS);
  const apartMs = Math.max(0, ahead, behind);
  const text = `the clock of ${place} is ${seconds(apartMs)} ${ahead > behind ? 'ahead of' : 'behind'} this one`;
  const remedy = 'Synchronize the clocks of the nodes (NTP or PTP).';
  if (apartMs > boundMs) return failed(`${text}, more than a claim to lead lasts`, remedy);
  if (apartMs > NOTICEABLE_MS) return warning(text, remedy);
  return ok(`the clock of ${place} agrees with this one, as far as whole seconds tell`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
