import { Failure, Precondition } from './errors.mjs';
import { makeNamespace, namespacePath, uniqueName } from './namespace.mjs';
import { until } from './wait.mjs';

const GROUP = '/apis/universe.ai/v1alpha1';
const NETWORK_POLICIES = '/apis/networking.k8s.io/v1';
const DEPLOYMENTS = '/apis/apps/v1';
const RUN_LABEL = 'rynxs.universe.ai/script-run';
const SHOWN = 5;

/**
 * An Agent as a script has asked for it: the `generation` of its newest spec, and the network that this allows.
 *
 * @typedef {{ name: string, uid: string, generation: number, cidr: string }} KnownAgent
 */

/** Agents that a script makes, changes and deletes. */
export class Fleet {
  /** Those that there should be, by name. @type {Map<string, KnownAgent>} */
  agents = new Map();
  /** Uids of those that were deleted. */
  deleted = new Set();
  namespace;
  #run;
  #label;
  #made = 0;
  #changes = 0;

  constructor(run, namespace, label) {
    this.#run = run;
    this.namespace = namespace;
    this.#label = label;
  }

  /**
   * Chooses the namespace that the arguments name, or makes one.
   *
   * @param {import('./script.mjs').Run} run
   * @param {import('./operator.mjs').Operator} operator
   * @throws {Precondition} for a namespace that is not there, or that the operator does not work on
   */
  static async make(run, operator, script) {
    const { settings, cleanUp, cluster, signal } = run;
    const label = uniqueName(script);
    const watched = operator.setting('KUBE_NAMESPACES');
    const namespace = settings.agentsNamespace ?? uniqueName(`rynxs-${script}-agents`);
    if (watched !== undefined && !watched.split(',').includes(namespace)) {
      throw new Precondition(
        `the operator works on the namespaces ${watched} only`,
        'Name one of them with --agents-namespace.',
      );
    }
    const fleet = new Fleet(run, namespace, label);
    if (settings.agentsNamespace === undefined) {
      await makeNamespace(run, namespace);
      return fleet;
    }
    if ((await cluster.get(namespacePath(namespace), signal)) === undefined) {
      throw new Precondition(
        `there is no namespace ${namespace}`,
        'Name one that exists with --agents-namespace.',
      );
    }
    cleanUp.add(`delete the script's Agents in ${namespace}`, (ending) => fleet.#removeAll(ending));
    return fleet;
  }

  /** Makes one more Agent. */
  async create() {
    const { settings, cluster, signal } = this.#run;
    this.#made += 1;
    const name = `${this.#label}-${this.#made}`;
    const cidr = this.#nextCidr();
    const { metadata } = await cluster.create(
      this.#path(),
      {
        apiVersion: 'universe.ai/v1alpha1',
        kind: 'Agent',
        metadata: { name, labels: { [RUN_LABEL]: this.#label } },
        spec: {
          image: settings.agentImage,
          network: networkOf(cidr),
          ...(settings.suspended ? { lifecycle: { state: 'Suspended' } } : {}),
        },
      },
      signal,
    );
    const agent = { name, uid: metadata.uid, generation: metadata.generation, cidr };
    this.agents.set(name, agent);
    return agent;
  }

  /** Makes so many, one after the other. */
  async grow(count) {
    for (let made = 0; made < count; made += 1) await this.create();
  }

  /** Changes an Agent: which network it may reach. No pod has to be replaced for that. */
  async change(name) {
    const { cluster, signal } = this.#run;
    const agent = this.agents.get(name);
    const cidr = this.#nextCidr();
    const { metadata } = await cluster.patch(
      this.#path(name),
      { spec: { network: networkOf(cidr) } },
      signal,
    );
    Object.assign(agent, { generation: metadata.generation, cidr });
  }

  async remove(name) {
    const { cluster, signal } = this.#run;
    const { uid } = this.agents.get(name);
    await cluster.remove(this.#path(name), signal);
    this.agents.delete(name);
    this.deleted.add(uid);
  }

  /** What is not as it should be, a line each: Agents and their children. */
  async differences() {
    const [agents, policies, deployments] = await Promise.all([
      this.#list(GROUP, 'agents'),
      this.#list(NETWORK_POLICIES, 'networkpolicies'),
      this.#list(DEPLOYMENTS, 'deployments'),
    ]);
    const found = new Map(agents.map((agent) => [agent.metadata.name, agent]));
    const allowed = new Map(policies.map((policy) => [policy.metadata.name, policy]));
    return [
      ...[...this.agents.values()].flatMap((known) => this.#differencesOf(known, found, allowed)),
      ...[...policies, ...deployments].filter((child) => this.#isOrphan(child)).map(describeOrphan),
    ];
  }

  #differencesOf(known, found, allowed) {
    const agent = found.get(known.name);
    if (agent?.metadata.uid !== known.uid) return [`${known.name} is gone`];
    const wrong = unsettled(agent, known, this.#run.settings.suspended);
    if (wrong !== undefined) return [`${known.name}: ${wrong}`];
    const rules = allowed.get(known.name)?.spec.egress ?? [];
    const reaches = rules.some(({ to = [] }) => to.some(({ ipBlock }) => ipBlock?.cidr === known.cidr));
    return reaches ? [] : [`the NetworkPolicy of ${known.name} does not allow ${known.cidr}`];
  }

  /** Whether a child belongs to an Agent that was deleted. */
  #isOrphan({ metadata }) {
    return (metadata.ownerReferences ?? []).some(({ uid }) => this.deleted.has(uid));
  }

  /** Resolves when every Agent and its children are as they should be, to the seconds that it took. */
  async untilSettled(timeoutMs = this.#run.settings.timeoutMs) {
    const { signal } = this.#run;
    const started = performance.now();
    let differences = [];
    const describe = () =>
      [
        ...differences.slice(0, SHOWN),
        differences.length > SHOWN ? `and ${differences.length - SHOWN} more` : '',
      ]
        .filter(Boolean)
        .join('; ');
    await until(
      `${this.agents.size} Agents to be as they should`,
      async () => {
        differences = await this.differences();
        return differences.length === 0;
      },
      { timeoutMs, signal, describe },
    );
    return (performance.now() - started) / 1000;
  }

  /**
   * Compares the log with what was asked: the newest spec of every Agent was observed, and the end of every one that was
   * observed before it was deleted. Throws a Failure that names what is missing.
   *
   * @param {import('./operator.mjs').Operator} operator
   * @param {number} seconds how far to look back
   */
  async mustBeOnRecord(operator, seconds) {
    const types = ['AgentObserved', 'AgentDeleted'].flatMap((type) => ['--type', type]);
    const events = await operator.rynxsLines(['log', 'query', ...types, '--since', `${Math.ceil(seconds)}s`]);
    const missing = missingFromLog(events, this);
    if (missing.length === 0) return events.length;
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
    throw new Failure(`the log misses ${missing.slice(0, SHOWN).join(', ')}${more}`);
  }

  async #removeAll(signal) {
    const { cluster } = this.#run;
    const path = `${this.#path()}?labelSelector=${RUN_LABEL}%3D${this.#label}`;
    await cluster.remove(path, signal);
    const areGone = async () => (await cluster.list(path, signal)).length === 0;
    await until('the Agents to go', areGone, { timeoutMs: this.#run.settings.timeoutMs, signal });
  }

  #list(group, plural) {
    return this.#run.cluster.list(`${group}/namespaces/${this.namespace}/${plural}`, this.#run.signal);
  }

  #path(name) {
    const path = `${GROUP}/namespaces/${this.namespace}/agents`;
    return name === undefined ? path : `${path}/${name}`;
  }

  /** Another network each time, of the ranges that are for documentation (RFC 5737). */
  #nextCidr() {
    this.#changes += 1;
    const host = this.#changes % 256;
    return `${this.#changes % 512 < 256 ? '198.51.100' : '203.0.113'}.${host}/32`;
  }
}

function networkOf(cidr) {
  return { egress: { cidrs: [{ cidr, ports: [{ port: 443 }] }] } };
}

/** What keeps an Agent from being as its newest spec says; undefined when nothing does. */
function unsettled({ status = {} }, { generation }, isSuspended) {
  if (status.observedGeneration !== generation) {
    return `generation ${status.observedGeneration ?? 0} of ${generation} observed`;
  }
  const type = isSuspended ? 'Suspended' : 'Ready';
  const condition = (status.conditions ?? []).find((one) => one.type === type);
  if (condition?.status === 'True') return undefined;
  return `${status.phase ?? 'no phase'}, ${condition?.reason ?? 'no condition'} ${condition?.message ?? ''}`.trim();
}

function describeOrphan({ metadata }) {
  return `a child of ${metadata.ownerReferences[0].name}, which was deleted, is still there`;
}

/**
 * Which specs and deletions the log does not tell of.
 *
 * @param {readonly any[]} events of AgentObserved and AgentDeleted
 * @param {{ agents: Map<string, KnownAgent>, deleted: Set<string> }} fleet
 */
export function missingFromLog(events, { agents, deleted }) {
  const generations = new Map();
  const gone = new Set();
  for (const { type, payload } of events) {
    if (type === 'AgentDeleted') gone.add(payload.uid);
    else generations.set(payload.uid, Math.max(payload.generation, generations.get(payload.uid) ?? 0));
  }
  const specs = [...agents.values()].filter(({ uid, generation }) => generations.get(uid) !== generation);
  const ends = [...deleted].filter((uid) => generations.has(uid) && !gone.has(uid));
  return [
    ...specs.map(({ name, generation }) => `generation ${generation} of ${name}`),
    ...ends.map((uid) => `the deletion of ${uid}`),
  ];
}
