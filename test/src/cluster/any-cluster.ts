import type { Agent, OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient, RealCluster, type RealClusterOptions } from './real-cluster.js';

/** Names the kubeconfig of a cluster that tests may use instead of one of their own. */
const KUBECONFIG_VARIABLE = 'RYNXS_TEST_KUBECONFIG';

/** A cluster for tests that need nothing but its API, as its administrator. */
export interface AnyCluster extends AsyncDisposable {
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
  readonly api: ApiClient;
}

/** Path of the kubeconfig of the cluster that the user names for tests; undefined where there is none. */
export function usersCluster(): string | undefined {
  return process.env[KUBECONFIG_VARIABLE];
}

/**
 * The cluster of the user's KUBECONFIG, if `npm run test:cluster` was called with one, which goes on afterwards; else a
 * real one, which ends with the test.
 */
export async function anyCluster(options: RealClusterOptions = {}): Promise<AnyCluster> {
  const kubeconfig = usersCluster();
  if (kubeconfig === undefined) return await RealCluster.start(options);
  const api = await clientOf(kubeconfig);
  return { kubeconfig, api, [Symbol.asyncDispose]: async () => api[Symbol.dispose]() };
}

/** A client with whatever means the kubeconfig's user proves who it is. */
async function clientOf(kubeconfig: string): Promise<ApiClient> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const url = config.getCurrentCluster()?.server;
  if (url === undefined) throw new Error(`${kubeconfig} has no current context with a cluster`);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return new ApiClient(url, options.agent as Agent, options.headers as OutgoingHttpHeaders);
}
