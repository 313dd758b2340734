import { NoTelemetry, SystemClock, SystemRandom } from '@rynxs/kernel';
import { CutOffCluster, capturingLogger, leadershipSuite, MemoryCluster } from '@rynxs/kernel/testing';
import { checkedTimings, LeaseElector } from './index.js';
import { KEY } from './testing/election.js';

const TIMINGS = checkedTimings({
  leaseDuration: 1_000,
  renewDeadline: 400,
  retryPeriod: 100,
  requestTimeout: 100,
  podName: undefined,
});

leadershipSuite({
  name: 'lease on a cluster in memory',
  rivals: { handoverMs: 500, takeoverMs: 1_600 },
  create: async () => {
    const memory = new MemoryCluster();
    return {
      contender: async () => {
        const cluster = new CutOffCluster(memory);
        const leadership = new LeaseElector({
          cluster,
          clock: new SystemClock(),
          random: new SystemRandom(),
          telemetry: new NoTelemetry(),
          logger: capturingLogger(),
          timings: TIMINGS,
          key: KEY,
          podName: 'pod',
        });
        return { leadership, cutOff: () => cluster.cut() };
      },
      dispose: async () => undefined,
    };
  },
});
