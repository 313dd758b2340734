import { type ConfigValues, defineConfig } from '@rynxs/kernel';

/** The first three are those of client-go and have its defaults; the seconds spellings are for who knows them from there. */
export const leaderLeaseSettings = defineConfig({
  leaseDuration: {
    type: 'duration',
    default: '15s',
    env: 'LEADER_ELECTION_LEASE_DURATION',
    aliases: ['LEADER_ELECTION_LEASE_DURATION_SECONDS'],
    doc: 'How long the Lease must stay unchanged before another replica takes over; renewDeadline + retryPeriod + requestTimeout + margin must be less, where margin is requestTimeout + 2 % of it.',
    min: 1_000,
    max: 3_600_000,
  },
  renewDeadline: {
    type: 'duration',
    default: '10s',
    env: 'LEADER_ELECTION_RENEW_DEADLINE',
    aliases: ['LEADER_ELECTION_RENEW_DEADLINE_SECONDS'],
    doc: 'How long after its last renewal was sent a leader that cannot renew the Lease goes on.',
    min: 100,
    max: 3_600_000,
  },
  retryPeriod: {
    type: 'duration',
    default: '2s',
    env: 'LEADER_ELECTION_RETRY_PERIOD',
    aliases: ['LEADER_ELECTION_RETRY_PERIOD_SECONDS'],
    doc: 'How often the Lease is renewed, or looked at when its watch is silent; at most two requests are made in it.',
    min: 50,
    max: 600_000,
  },
  requestTimeout: {
    type: 'duration',
    default: '1200ms',
    env: 'LEADER_ELECTION_REQUEST_TIMEOUT',
    aliases: ['LEADER_ELECTION_REQUEST_TIMEOUT_SECONDS'],
    doc: 'How long a request for the Lease, and each write of a leader to the cluster, may take. Where admission webhooks are slower, raise all four together.',
    min: 20,
    max: 600_000,
  },
  podName: {
    type: 'string',
    env: 'POD_NAME',
    doc: 'What the identity of this process begins with; unset: the host name. The rest of it is random and cannot be set.',
  },
});

export type LeaderLeaseSettings = ConfigValues<typeof leaderLeaseSettings>;
