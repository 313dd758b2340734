import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readRules, scaleRules } from '../../alerts/rules.js';
import { RynxsProcess } from '../../rynxs-process.js';
import { PrometheusServer, type ScrapedPod } from '../prometheus-server.js';
import { programOf } from '../real-cluster/programs.js';
import type { ApiObject, RealCluster } from '../real-cluster.js';

/** The rules run so many times as fast: a minute of them takes three seconds. */
const SPEED = 20;
/** Through the API server's proxy a scrape takes its time. */
const SCRAPE_INTERVAL_MS = 1_000;
const LOOK_INTERVAL_MS = 500;
const METRICS_PORT = 8080;

interface Pod extends ApiObject {
  readonly status?: { readonly phase?: string };
}

/**
 * A real Prometheus with the real rules, much faster, that scrapes the operator's pods of an installed release, whichever
 * these are.
 */
export class WatchedRelease implements AsyncDisposable {
  /** Of Prometheus. */
  readonly url: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(url: string, stack: AsyncDisposableStack) {
    this.url = url;
    this.#stack = stack;
  }

  static async start(cluster: RealCluster, namespace: string): Promise<WatchedRelease> {
    await using stack = new AsyncDisposableStack();
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-watched-'));
    stack.defer(() => rmSync(directory, { recursive: true, force: true }));
    const rules = join(directory, 'rules.yaml');
    writeFileSync(rules, stringify(scaleRules(readRules(), () => 1 / SPEED)));
    const proxy = stack.use(
      new RynxsProcess([programOf('RYNXS_TEST_KUBECTL'), 'proxy', '--port=0'], directory, {
        KUBECONFIG: cluster.kubeconfig,
      }),
    );
    const pods = async (): Promise<readonly ScrapedPod[]> => {
      const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name%3Drynxs`;
      const { items } = await cluster.api.must<{ items: readonly Pod[] }>('GET', path);
      return items
        .filter(({ status }) => status?.phase === 'Running')
        .map(({ metadata: { name } }) => ({
          url: `${base}/api/v1/namespaces/${namespace}/pods/${name}:${METRICS_PORT}/proxy/metrics`,
          pod: name,
          namespace,
          job: 'rynxs-operator-metrics',
        }));
    };
    await proxy.printed('\n');
    const base = `http://${/127\.0\.0\.1:\d+/.exec(proxy.output)?.[0]}`;
    const options = { rules: [rules], scrapeIntervalMs: SCRAPE_INTERVAL_MS };
    const prometheus = stack.use(await PrometheusServer.start({ pods: await pods(), ...options }));
    const looking = setInterval(() => {
      // The API server may be busy; what it says next time counts.
      pods().then(
        (found) => prometheus.setPods(found),
        () => undefined,
      );
    }, LOOK_INTERVAL_MS);
    stack.defer(() => clearInterval(looking));
    return new WatchedRelease(prometheus.url, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
