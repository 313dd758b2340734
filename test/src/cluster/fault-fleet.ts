import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, ApiObject, RealCluster } from './real-cluster.js';

const GROUP = '/apis/universe.ai/v1alpha1';
/** Long enough for the longest pause that an operator may make after a fault of some seconds. */
const PATIENCE_MS = 90_000;
const POLL_MS = 100;

/** What removes the children of Agents that are deleted. */
export const CONTROLLERS = ['garbage-collector-controller', 'persistentvolumeclaim-protection-controller'];

/** Where each kind of child is. */
export const CHILDREN = {
  ConfigMap: { group: '/api/v1', plural: 'configmaps' },
  PersistentVolumeClaim: { group: '/api/v1', plural: 'persistentvolumeclaims' },
  NetworkPolicy: { group: '/apis/networking.k8s.io/v1', plural: 'networkpolicies' },
  Deployment: { group: '/apis/apps/v1', plural: 'deployments' },
} as const;

export type ChildKind = keyof typeof CHILDREN;
const KINDS = Object.keys(CHILDREN) as readonly ChildKind[];

/** An object of a list, as far as tests read it. */
interface Listed extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {
    readonly generation?: number;
    readonly ownerReferences?: readonly { readonly uid: string }[];
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: AgentStatus;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface AgentStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** Agents in a namespace of their own, which a test changes while something is wrong. */
export class Fleet implements AsyncDisposable {
  readonly names: string[] = [];
  readonly #api: ApiClient;
  #made = 0;

  private constructor(
    api: ApiClient,
    readonly namespace: string,
  ) {
    this.#api = api;
  }

  static async make({ api }: Pick<RealCluster, 'api'>, namespace: string, size = 0): Promise<Fleet> {
    await api.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const fleet = new Fleet(api, namespace);
    await fleet.grow(size);
    return fleet;
  }

  /** Makes so many more. */
  async grow(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      this.#made += 1;
      const name = `agent-${String(this.#made).padStart(3, '0')}`;
      this.names.push(name);
      const body = { apiVersion: 'universe.ai/v1alpha1', kind: 'Agent', metadata: { name } };
      await this.#api.must('POST', this.agents(), { ...body, spec: { image: imageOf('first') } });
    }
  }

  /** Changes the image of each. */
  async change(round: string): Promise<void> {
    for (const name of this.names)
      await this.#api.must('PATCH', this.agents(name), { spec: { image: imageOf(round) } });
  }

  /** Deletes the oldest ones. */
  async shrink(count: number): Promise<void> {
    for (const name of this.names.splice(0, count)) await this.#api.must('DELETE', this.agents(name));
  }

  /** Path of the Agents, or of one. */
  agents(name?: string): string {
    return this.#path(GROUP, 'agents', name);
  }

  /** Path of the children of a kind, or of one. */
  children(kind: ChildKind, name?: string): string {
    const { group, plural } = CHILDREN[kind];
    return this.#path(group, plural, name);
  }

  async conditionsOf(name: string): Promise<readonly Condition[]> {
    const { status } = await this.#api.must<Listed>('GET', this.agents(name));
    return status?.conditions ?? [];
  }

  /** Waits until each has a Degraded condition with that reason; returns one of its messages. */
  async degraded(reason: string): Promise<string> {
    let message = '';
    await eventually(`each is degraded: ${reason}`, async () => {
      const found = (await this.#list(this.agents())).map(({ metadata, status }) => ({
        name: metadata.name,
        condition: status?.conditions?.find(({ type }) => type === 'Degraded'),
      }));
      message = found[0]?.condition?.message ?? '';
      return found
        .filter(({ condition }) => condition?.status !== 'True' || condition.reason !== reason)
        .map(({ name, condition }) => `${name}: ${condition?.reason} ${condition?.message}`);
    });
    return message;
  }

  /** The Kubernetes Events about the Agents, as `REASON: MESSAGE`. */
  async events(): Promise<readonly string[]> {
    const events = await this.#list(`/api/v1/namespaces/${this.namespace}/events`);
    return events.map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Waits until the cluster is as the Agents say, judged by nothing but what the API shows. */
  settled(): Promise<void> {
    return eventually('all is as the Agents say', () => this.problems());
  }

  /** Removes the Agents; their children go with them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api.send('DELETE', this.agents());
  }

  /** What is not as the Agents say, by nothing but what the API shows. */
  async problems(): Promise<readonly string[]> {
    const agents = await this.#list(this.agents());
    const children = await Promise.all(
      KINDS.map(async (kind) => ({ kind, objects: await this.#list(this.children(kind)) })),
    );
    const owners = new Set(agents.map(({ metadata }) => metadata.uid));
    const problems = agents.flatMap((agent) => problemsOf(agent, children));
    for (const { kind, objects } of children) {
      for (const { metadata } of objects) {
        const owner = metadata.ownerReferences?.[0]?.uid;
        if (owner !== undefined && !owners.has(owner)) problems.push(`${kind}/${metadata.name} is nobody's`);
      }
    }
    if (agents.length !== this.names.length) problems.push(`${agents.length} Agents`);
    return problems;
  }

  async #list(path: string): Promise<readonly Listed[]> {
    const { items } = await this.#api.must<{ readonly items: readonly Listed[] }>('GET', path);
    return items;
  }

  #path(group: string, plural: string, name: string | undefined): string {
    return `${group}/namespaces/${this.namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  }
}

function imageOf(round: string): string {
  return `registry.example.com/agent:${round}`;
}

function problemsOf(
  { metadata, spec, status }: Listed,
  children: readonly { readonly kind: string; readonly objects: readonly Listed[] }[],
): string[] {
  const { name, uid, generation } = metadata;
  const problems: string[] = [];
  if (status?.observedGeneration !== generation)
    problems.push(`${name}: its status is of generation ${status?.observedGeneration}, not ${generation}`);
  const degraded = status?.conditions?.find((one) => one.type === 'Degraded' && one.status === 'True');
  if (degraded !== undefined) problems.push(`${name}: ${degraded.reason}: ${degraded.message}`);
  for (const { kind, objects } of children) {
    const child = objects.find((one) => one.metadata.name === name);
    if (child === undefined) problems.push(`${name}: no ${kind}`);
    else if (child.metadata.ownerReferences?.[0]?.uid !== uid) problems.push(`${name}: another's ${kind}`);
    else if (kind === 'Deployment' && !JSON.stringify(child.spec).includes(`"image":"${spec?.image}"`))
      problems.push(`${name}: a Deployment of another image`);
  }
  return problems;
}

/** Waits until there are no problems any more; rejects with those that remain. */
export async function eventually(what: string, look: () => Promise<readonly string[]>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const problems = await look();
    if (problems.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(
        `it never came: ${what}; ${problems.length} problems:\n${problems.slice(0, 10).join('\n')}`,
      );
    await sleep(POLL_MS);
  }
}
