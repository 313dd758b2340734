import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { NAMESPACE } from '../../ha/lease.js';
import { CONTROLLERS, Fleet } from '../fault-fleet.js';
import { FaultProxy } from '../fault-proxy.js';
import { FollowedOperator } from '../followed-operator.js';
import { PrometheusServer, type ScrapedPod } from '../prometheus-server.js';
import { ApiClient } from '../real-cluster/api-client.js';
import { installCrds } from '../real-cluster/crds.js';
import { readKubeconfig } from '../real-cluster/kubeconfig.js';
import { RealCluster } from '../real-cluster.js';
import { CREDENTIALS, S3Server } from '../s3-server.js';

/** The jobs as they are with two releases of the chart: replicas over a bucket, and one operator with a log on disk. */
export const REPLICAS = { namespace: NAMESPACE, job: 'rynxs-operator-metrics' };
export const ALONE = { namespace: 'laptop', job: 'rynxs-operator-metrics' };

/**
 * Live operators that a real Prometheus scrapes: two replicas on a real API server with their log in a bucket, and one
 * on an embedded one with its log on disk. So everything is there that a dashboard may show.
 */
export class ObservedSystem implements AsyncDisposable {
  readonly replicas: FollowedOperator[] = [];
  readonly alone: FollowedOperator[] = [];
  /** Agents of the replicas, and of the one that is alone. */
  readonly fleets: Fleet[] = [];
  readonly #stack = new AsyncDisposableStack();
  #prometheus: PrometheusServer | undefined;
  #bucketProxy: FaultProxy | undefined;

  /** Resolves when both jobs have a leader, and Prometheus answers. */
  static async start({ scrapeIntervalMs = 500 } = {}): Promise<ObservedSystem> {
    const system = new ObservedSystem();
    try {
      await system.#startReplicas();
      await system.#startAlone();
      const pods: readonly ScrapedPod[] = [
        ...system.replicas.map(({ metricsUrl: url }, index) => ({
          ...REPLICAS,
          url,
          pod: `replica-${index}`,
        })),
        ...system.alone.map(({ metricsUrl: url }) => ({ ...ALONE, url, pod: 'alone' })),
      ];
      system.#prometheus = system.#stack.use(await PrometheusServer.start({ pods, scrapeIntervalMs }));
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  get prometheus(): PrometheusServer {
    if (this.#prometheus === undefined) throw new Error('Prometheus is not started');
    return this.#prometheus;
  }

  /** Stands before the bucket of the replicas. */
  get bucketProxy(): FaultProxy {
    if (this.#bucketProxy === undefined) throw new Error('the bucket is not there yet');
    return this.#bucketProxy;
  }

  /** Ends the replica that leads, so that the other one does. */
  async handOver(): Promise<void> {
    const [leader, follower] = this.replicas;
    if (leader === undefined || follower === undefined) throw new Error('there are not two replicas');
    leader.process.signal('SIGTERM');
    await leader.process.ended();
    await follower.untilLeading();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #startReplicas(): Promise<void> {
    const cluster = this.#stack.use(await RealCluster.start({ crds: true, controllers: CONTROLLERS }));
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const s3 = this.#stack.use(await S3Server.start('versitygw'));
    this.#bucketProxy = this.#stack.use(await FaultProxy.start(s3.endpoint));
    const env = {
      ...CREDENTIALS,
      LEADERSHIP_TYPE: 'lease',
      POD_NAMESPACE: NAMESPACE,
      EVENT_STORE_TYPE: 's3',
      S3_BUCKET: await s3.createBucket(),
      S3_ENDPOINT: this.#bucketProxy.endpoint,
    };
    for (const name of ['replica-0', 'replica-1']) {
      const replica = this.#stack.use(await FollowedOperator.start(name, cluster, env));
      if (this.replicas.length === 0) await replica.untilLeading();
      this.replicas.push(replica);
    }
    await this.replicas[1]?.untilReady();
    this.fleets.push(await Fleet.make(cluster, 'lab', 2));
  }

  async #startAlone(): Promise<void> {
    const place = this.#stack.use(await LaptopCluster.start());
    const env = { LOG_DIR: join(place.directory, 'logs') };
    const operator = this.#stack.use(await FollowedOperator.start('alone', place, env));
    await operator.untilLeading();
    this.alone.push(operator);
    this.fleets.push(await Fleet.make(place, 'lab', 2));
  }
}

/** An embedded cluster with the custom resources of Rynxs, and no node. */
class LaptopCluster implements AsyncDisposable {
  readonly api: ApiClient;
  readonly #server: EmbeddedClusterServer;

  private constructor(
    readonly directory: string,
    readonly kubeconfig: string,
    server: EmbeddedClusterServer,
  ) {
    this.#server = server;
    const { server: address, credentials } = readKubeconfig(kubeconfig);
    this.api = ApiClient.of(address, credentials);
  }

  static async start(): Promise<LaptopCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-laptop-'));
    const kubeconfigFile = join(directory, 'kubeconfig');
    mkdirSync(join(directory, 'cluster'));
    const server = await startEmbeddedCluster({
      dir: join(directory, 'cluster'),
      kubeconfigFile,
      nodeEnabled: false,
    });
    const cluster = new LaptopCluster(directory, kubeconfigFile, server);
    await installCrds(cluster.api);
    return cluster;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
