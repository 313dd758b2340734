import type { Dice } from '../cluster/soak/dice.js';
import type { HaSystem } from './ha-system.js';
import { LEASE } from './lease.js';
import type { Replica } from './replica.js';
import type { ServerName } from './replica-network.js';

/** What goes wrong, by the names that `--only` takes. */
export const FAULTS = [
  'sigterm',
  'sigkill',
  'sigstop',
  'cut-api',
  'cut-s3',
  'api-restart',
  'lease-deleted',
  'lease-edited',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Those that hit no single replica. */
const HIT_ALL: readonly FaultName[] = ['api-restart', 'lease-deleted', 'lease-edited'];
/** How often it is the leader that a fault hits, of those that hit one replica. */
const HITS_LEADER = 0.75;

/** A fault that has come, and is over. */
export interface Fault {
  readonly name: FaultName;
  /** Whom it hit, where it hits one. */
  readonly victim: string | undefined;
  readonly hitLeader: boolean;
  /** What it was exactly. */
  readonly detail: string;
  /** When it came and when it was over, in milliseconds of `Date.now()`. */
  readonly cameAtMs: number;
  readonly wentAtMs: number;
  /** What went wrong while it lasted and should not have. */
  readonly problems: readonly string[];
}

/** Has one fault come, last and go. Everything runs again when it resolves; leadership need not be settled. */
export async function inflict(name: FaultName, system: HaSystem, dice: Dice): Promise<Fault> {
  const leader = await system.leader();
  if (leader === undefined) throw new Error('nobody leads before the fault');
  const followers = system.replicas.filter((replica) => replica !== leader);
  const hitsOne = !HIT_ALL.includes(name);
  const victim = hitsOne && !dice.chance(HITS_LEADER) ? dice.pick(followers) : leader;
  const problems: string[] = [];
  let cameAtMs = Date.now();
  const begin = () => {
    cameAtMs = Date.now();
  };
  const scene = { system, victim, dice, problems, begin };
  const detail = await INFLICT[name](scene);
  return {
    name,
    victim: hitsOne ? victim.name : undefined,
    hitLeader: victim === leader,
    detail,
    cameAtMs,
    wentAtMs: Date.now(),
    problems,
  };
}

interface Scene {
  readonly system: HaSystem;
  readonly victim: Replica;
  readonly dice: Dice;
  readonly problems: string[];
  /** The fault comes now. */
  begin(): void;
}

/** Resolves to what was done exactly. */
type Inflict = (scene: Scene) => Promise<string>;

/** What people may make of a Lease by hand, as merge patches. */
const LEASE_EDITS: readonly (readonly [detail: string, patch: object])[] = [
  ['held by somebody else', { spec: { holderIdentity: 'somebody-else' } }],
  ['held by nobody', { spec: { holderIdentity: '' } }],
  ['without a holder', { spec: { holderIdentity: null } }],
  ['never renewed', { spec: { renewTime: null, acquireTime: null } }],
  ['renewed in the future', { spec: { renewTime: '2999-01-01T00:00:00.000000Z' } }],
  ['held by somebody else for 20 s', { spec: { holderIdentity: 'somebody-else', leaseDurationSeconds: 20 } }],
  ['emptied', { spec: null }],
  ['given an annotation', { metadata: { annotations: { 'example.com/looked-at': 'yes' } } }],
];

const INFLICT: Readonly<Record<FaultName, Inflict>> = {
  sigterm: async ({ system, victim, problems, begin }) => {
    begin();
    const code = await victim.end('SIGTERM');
    if (code !== 0)
      problems.push(`${victim.name} ended with ${code} after SIGTERM: ${victim.output.slice(-1_000)}`);
    await someoneLeads(system);
    victim.start();
    return 'and started again';
  },
  sigkill: async ({ system, victim, begin }) => {
    begin();
    await victim.end('SIGKILL');
    await someoneLeads(system);
    victim.start();
    return 'and started again';
  },
  sigstop: async ({ system, victim, begin }) => {
    const { freezeMs } = system.timings;
    begin();
    victim.signal('SIGSTOP');
    try {
      await system.pause(freezeMs);
    } finally {
      victim.signal('SIGCONT');
    }
    return `stood still for ${seconds(freezeMs)}`;
  },
  'cut-api': (scene) => cut(scene, 'API server'),
  'cut-s3': (scene) => cut(scene, 'S3'),
  'api-restart': async ({ system, dice, begin }) => {
    const signal = dice.pick(['SIGTERM', 'SIGKILL'] as const);
    const awayMs = dice.between(100, system.timings.renewDeadlineMs * 1.5);
    begin();
    await system.cluster.stopApiServer(signal);
    try {
      await system.pause(awayMs);
    } finally {
      await system.cluster.startApiServer();
    }
    return `${signal}, away for ${seconds(awayMs)}`;
  },
  'lease-deleted': async ({ system, begin }) => {
    begin();
    await system.cluster.api.must('DELETE', LEASE);
    return 'deleted';
  },
  'lease-edited': async ({ system, dice, begin }) => {
    const [detail, patch] = dice.pick(LEASE_EDITS);
    begin();
    await system.cluster.api.must('PATCH', LEASE, patch);
    return detail;
  },
};

/** For a moment, or for longer than what a replica puts up with. */
async function cut({ system, victim, dice, begin }: Scene, server: ServerName): Promise<string> {
  const { leaseDurationMs, renewDeadlineMs, logLossMs } = system.timings;
  const enoughMs = server === 'S3' ? logLossMs : leaseDurationMs;
  const lastsMs = dice.chance(0.4)
    ? dice.between(500, renewDeadlineMs / 2)
    : dice.between(1.05, 1.4) * enoughMs;
  begin();
  await victim.cut(server);
  try {
    await system.pause(lastsMs);
  } finally {
    await victim.mend();
  }
  return `for ${seconds(lastsMs)}`;
}

/** Resolves when there is a leader among those that run. */
async function someoneLeads(system: HaSystem): Promise<void> {
  const { leaseDurationMs, retryPeriodMs } = system.timings;
  // What is wrong when it takes longer than this is judged by the log.
  await system.until('somebody leads', 3 * (leaseDurationMs + retryPeriodMs) + 30_000, async () =>
    (await system.leader()) === undefined ? ['nobody does'] : [],
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
