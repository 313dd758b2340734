import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { CLOCK, CLUSTER, LEADERSHIP, SystemClock } from '@rynxs/kernel';
import {
  type Contender,
  CutOffCluster,
  given,
  type LeadershipHarness,
  startTestKernel,
  type TestKernel,
} from '@rynxs/kernel/testing';
import leaderLease from '@rynxs/leader-lease';

/** As short as a machine that is busy with other tests allows. */
const TIMINGS = {
  LEADER_ELECTION_LEASE_DURATION_SECONDS: '4',
  LEADER_ELECTION_RENEW_DEADLINE: '1500ms',
  LEADER_ELECTION_RETRY_PERIOD: '250ms',
  LEADER_ELECTION_REQUEST_TIMEOUT: '1s',
};

/** What these timings allow, with room for a machine that is busy. */
export const LEASE_RIVALS = { handoverMs: 3_000, takeoverMs: 8_000 };

/** Electors as the plugin makes them, each with a client of its own, that contend for the Lease of a namespace. */
export function leaseContenders(kubeconfig: string, namespace: string): LeadershipHarness {
  const kernels: TestKernel[] = [];
  const start = async (options: Parameters<typeof startTestKernel>[0]): Promise<TestKernel> => {
    const kernel = await startTestKernel({ seed: kernels.length + 1, ...options });
    kernels.push(kernel);
    return kernel;
  };
  const clock = given(CLOCK, new SystemClock());
  return {
    contender: async (): Promise<Contender> => {
      const env = { KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace, ...TIMINGS };
      const client = await start({ plugins: [clusterKubernetes], env, services: [clock] });
      const cluster = new CutOffCluster(client.get(CLUSTER));
      const elector = await start({
        plugins: [leaderLease],
        env,
        services: [clock, given(CLUSTER, cluster)],
      });
      return { leadership: elector.get(LEADERSHIP), cutOff: () => cluster.cut() };
    },
    dispose: async () => {
      for (const kernel of kernels.reverse()) await kernel.stop();
    },
  };
}
