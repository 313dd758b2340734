import { Failure, Precondition } from './errors.mjs';
import { CONTAINER, isOperator } from './installation.mjs';
import { Samples } from './prometheus-text.mjs';
import { isReady } from './trouble.mjs';
import { until } from './wait.mjs';

const LEASE_NAME = 'rynxs-operator-leader';
const LEADING = 'rynxs_leader_election_status';
/** In which a replica that leads says so. */
const LEADER_TIMEOUT_MS = 1_000;
/** Where the pod's environment does not say otherwise; see docs/CONFIGURATION.md. */
const DEFAULTS = {
  EVENT_STORE_TYPE: 'file',
  LEADERSHIP_TYPE: 'standalone',
  LOG_ANCHOR: 'configmap',
  METRICS_PORT: '8080',
  RYNXS_SHARD: 'default',
};

/** The operator of a release, as its user sees it. */
export class Operator {
  #cluster;
  #signal;
  #timeoutMs;
  #deployment;

  constructor({ cluster, signal, settings: { timeoutMs } }, deployment) {
    this.#cluster = cluster;
    this.#signal = signal;
    this.#timeoutMs = timeoutMs;
    this.#deployment = deployment;
  }

  /** @throws {Precondition} when the release has no operator there */
  static async find(run, { release, namespace }) {
    const { cluster, signal } = run;
    const selector = `app.kubernetes.io/name=rynxs,app.kubernetes.io/instance=${release}`;
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments?labelSelector=${encodeURIComponent(selector)}`;
    const deployment = (await cluster.list(path, signal)).find(isOperator);
    if (deployment !== undefined) return new Operator(run, deployment);
    throw new Precondition(
      `the namespace ${namespace} has no operator of a release ${release}`,
      'Name the release and its namespace as `helm list --all-namespaces` shows them.',
    );
  }

  get namespace() {
    return this.#deployment.metadata.namespace;
  }

  /** Of its Deployment. */
  get name() {
    return this.#deployment.metadata.name;
  }

  get replicas() {
    return this.#deployment.spec.replicas;
  }

  get serviceAccount() {
    return this.#deployment.spec.template.spec.serviceAccountName;
  }

  get image() {
    return this.#container.image;
  }

  /** The pod's own pull secrets, for others that run its image. */
  get imagePullSecrets() {
    return this.#deployment.spec.template.spec.imagePullSecrets ?? [];
  }

  /** Whether replicas choose their leader by a Lease. */
  get isElected() {
    return this.setting('LEADERSHIP_TYPE') === 'lease';
  }

  get #container() {
    return this.#deployment.spec.template.spec.containers.find(({ name }) => name === CONTAINER);
  }

  /** A variable of its environment, as far as the Deployment gives its value. */
  setting(name) {
    const found = (this.#container.env ?? []).find((one) => one.name === name)?.value ?? '';
    return found === '' ? DEFAULTS[name] : found;
  }

  /** Its pods, those on their way out included. */
  pods() {
    const labels = Object.entries(this.#deployment.spec.selector.matchLabels);
    const selector = encodeURIComponent(labels.map(([name, value]) => `${name}=${value}`).join(','));
    return this.#cluster.list(`${this.#path('pods')}?labelSelector=${selector}`, this.#signal);
  }

  /** Resolves to the pods when all replicas are ready and no other pod is left. */
  async untilReady() {
    let pods = [];
    await until(
      `${this.replicas} ready replicas`,
      async () => {
        pods = await this.pods();
        return pods.length === this.replicas && pods.every(isReady);
      },
      {
        timeoutMs: this.#timeoutMs,
        signal: this.#signal,
        describe: () =>
          pods.map((pod) => `${pod.metadata.name} ${isReady(pod) ? 'ready' : 'not ready'}`).join(', '),
      },
    );
    return pods;
  }

  /** The Lease, or undefined where there is none. */
  async lease() {
    const shard = this.setting('RYNXS_SHARD');
    const name = shard === 'default' ? LEASE_NAME : `${LEASE_NAME}-${shard}`;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${this.namespace}/leases/${name}`;
    return this.#cluster.get(path, this.#signal);
  }

  /** The identity that the Lease names; undefined when nobody holds it. */
  async holder() {
    const holder = (await this.lease())?.spec.holderIdentity ?? '';
    return holder === '' ? undefined : holder;
  }

  /** Name of the pod that leads: by the Lease, or the only one there is. */
  async leader() {
    if (this.isElected) {
      const holder = await this.holder();
      return holder === undefined ? undefined : podOf(holder);
    }
    return (await this.pods()).find(isReady)?.metadata.name;
  }

  /** Metrics of a pod, as Prometheus would read them, within `timeoutMs` or what a request may take; undefined when it has none. */
  async metrics(pod, timeoutMs) {
    const path = this.#path(`pods/${pod}:${this.setting('METRICS_PORT')}/proxy/metrics`);
    const { status, body } = await this.#cluster.request('GET', path, { signal: this.#signal, timeoutMs });
    return status === 200 ? Samples.parse(body) : undefined;
  }

  /** Metrics of all pods that answer within that, by the pod's name. */
  async allMetrics(timeoutMs) {
    const names = (await this.pods()).map(({ metadata }) => metadata.name);
    const all = await Promise.all(
      names.map(async (name) => [name, await this.metrics(name, timeoutMs).catch(() => undefined)]),
    );
    this.#signal.throwIfAborted();
    return new Map(all.filter(([, samples]) => samples !== undefined));
  }

  /** Names of the pods whose own metrics say that they lead. */
  async leadersByMetrics() {
    // The API server tries for half a minute to reach a pod that has just gone.
    const all = await this.allMetrics(LEADER_TIMEOUT_MS);
    const leading = [...all].filter(([, samples]) => samples.sum(LEADING) === 1);
    return leading.map(([pod]) => pod);
  }

  /**
   * Runs `rynxs … --output json` in a pod and resolves to what it printed: in a follower where there is one, so that the leader
   * is not disturbed. Throws a Failure with its own words when its exit code is none of `accepted`, or it prints nothing.
   */
  async rynxs(args, accepted = [0]) {
    const { pod, status, stdout, stderr } = await this.#exec(args, accepted);
    if (stdout.trim() !== '') return JSON.parse(stdout);
    throw new Failure(`\`rynxs ${args.join(' ')}\` in ${pod} ended with ${status}: ${stderr.trim()}`);
  }

  /** The same for commands that print any number of lines, each of them JSON. */
  async rynxsLines(args) {
    const { stdout } = await this.#exec(args, [0]);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  async #exec(args, accepted) {
    const pod = await this.#podToAsk();
    const where = ['--namespace', this.namespace, '--container', CONTAINER];
    const ended = await this.#cluster.kubectl(
      ['exec', pod, ...where, '--', 'rynxs', ...args, '--output', 'json'],
      { signal: this.#signal, timeoutMs: this.#timeoutMs },
    );
    if (accepted.includes(ended.status)) return { pod, ...ended };
    const words = [ended.stderr, ended.stdout].map((text) => text.trim()).filter(Boolean);
    throw new Failure(
      `\`rynxs ${args.join(' ')}\` in ${pod} ended with ${ended.status}: ${words.join('; ')}`,
    );
  }

  async #podToAsk() {
    const leader = await this.leader();
    const ready = (await this.pods()).filter(isReady).map(({ metadata }) => metadata.name);
    const pod = ready.find((name) => name !== leader) ?? ready[0];
    if (pod === undefined) throw new Failure('no pod of the operator is ready');
    return pod;
  }

  #path(rest) {
    return `/api/v1/namespaces/${this.namespace}/${rest}`;
  }
}

/** The pod of an identity, which is `<pod>_<random>`. */
export function podOf(holder) {
  return holder.replace(/_[^_]*$/, '');
}

/** A step of a script: all replicas become ready. */
export function stepUntilReady(report, operator, name = 'operator ready') {
  return report.step(
    name,
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas}`,
  );
}
