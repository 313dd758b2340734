import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Ended, ROOT, RynxsProcess } from '../../rynxs-process.js';
import { Helm, type HelmVersion } from '../helm.js';
import { operatorImage } from '../operator-image.js';
import type { RunningNode } from '../real-cluster/node/node.js';
import { programOf } from '../real-cluster/programs.js';
import { type ApiClient, type AuditedRequest, RealCluster } from '../real-cluster.js';
import { WAIT } from './commands.js';

/** The image that the examples give their agents; here one with the tools of busybox goes by that name. */
const AGENT_IMAGE = 'docker.io/library/python:3.11-slim';
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' } as const;
/** The namespace of the agents of the examples. */
const AGENTS_NAMESPACE = 'default';

export type ImageLoader = (node: RunningNode) => Promise<void>;

/** A real cluster with the operator's image on its node, in which all pods of users have to be restricted ones. */
export class ChartCluster implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly cluster: RealCluster,
    /** A directory that is gone with the cluster. */
    readonly directory: string,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** `loaders` put more images on the node. */
  static async start(loaders: readonly ImageLoader[] = []): Promise<ChartCluster> {
    const { archive } = operatorImage();
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await RealCluster.start({ node: true }));
    const directory = join(cluster.directory, 'chart');
    mkdirSync(directory);
    const { node } = cluster;
    if (node === undefined) throw new Error('the cluster has no node');
    await node.importImage(archive);
    await node.loadImage(AGENT_IMAGE, { config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] } });
    for (const load of loaders) await load(node);
    await cluster.api.must('PATCH', `/api/v1/namespaces/${AGENTS_NAMESPACE}`, {
      metadata: { labels: RESTRICTED },
    });
    return new ChartCluster(cluster, directory, stack.move());
  }

  /** Makes a namespace whose pods have to be restricted ones, in which an administrator is to work. */
  async namespace(name: string): Promise<ChartUser> {
    await this.cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name, labels: RESTRICTED } });
    const kubeconfig = await this.cluster.kubeconfigFor(
      { user: `administrator of ${name}`, groups: ['system:masters'] },
      name,
    );
    return new ChartUser(this, name, kubeconfig);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** An administrator who works in one namespace with helm and kubectl, in the root of the repository. */
export class ChartUser {
  readonly api: ApiClient;
  /** A directory of its own. */
  readonly home: string;
  /** Place in the audit log. */
  #auditedTo = 0;

  constructor(
    readonly chartCluster: ChartCluster,
    readonly namespace: string,
    readonly kubeconfig: string,
  ) {
    this.api = chartCluster.cluster.api;
    this.home = join(chartCluster.directory, `home-${namespace}`);
    mkdirSync(this.home);
  }

  /** Runs helm and resolves to what it printed; when it fails, with what there is to see in the namespace. */
  async helm(version: HelmVersion, ...args: readonly string[]): Promise<string> {
    try {
      return await new Helm(version, this.home, this.kubeconfig).run(...args);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.#situation()}`);
    }
  }

  /**
   * Uninstalls the release and waits until the operator is gone, which must not have asked for what it may not. What it asks
   * for while it ends does not count: helm takes its permissions away before that.
   */
  async uninstall(version: HelmVersion): Promise<void> {
    expect(await this.forbidden()).to.deep.equal([]);
    await this.helm(version, 'uninstall', 'rynxs', ...WAIT);
    const operators = ['-l', 'app.kubernetes.io/name=rynxs', '--timeout=60s'];
    await this.kubectl('wait', '--for=delete', 'pods', ...operators);
    this.#auditedTo = await this.chartCluster.cluster.audit.end();
  }

  /** What the namespace's service accounts were refused since the last release was uninstalled, in words. */
  async forbidden(): Promise<readonly string[]> {
    const account = `system:serviceaccount:${this.namespace}:`;
    // Who asks without credentials has no name.
    const isForbidden = ({ user, responseStatus }: AuditedRequest) =>
      responseStatus?.code === 403 && user.username?.startsWith(account);
    return (await this.chartCluster.cluster.audit.since(this.#auditedTo))
      .filter(isForbidden)
      .map(({ user, verb, requestURI }) => `${user.username}: ${verb} ${requestURI}`);
  }

  /** What helm says when it refuses; rejects when it does not. */
  async helmRefusal(version: HelmVersion, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await new Helm(version, this.home, this.kubeconfig).end(...args);
    if (code === 0) throw new Error(`helm ${args.join(' ')} was not refused:\n${stdout}`);
    return stderr;
  }

  /** Runs kubectl and resolves to what it printed; when it fails, with what there is to see in the namespace. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run([programOf('RYNXS_TEST_KUBECTL'), ...args]);
    if (code === 0) return stdout;
    const words = `kubectl ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`;
    throw new Error(`${words}\n${await this.#situation()}`);
  }

  /** Runs a command line of a document, as a reader would. */
  async shell(text: string): Promise<string> {
    const kubectl = programOf('RYNXS_TEST_KUBECTL');
    const named = `kubectl() { "${kubectl}" "$@"; }\n${text}`;
    const { code, stdout, stderr } = await this.#run(['sh', '-eu', '-c', named]);
    if (code !== 0) throw new Error(`${text}\nended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Writes a file for helm or kubectl and returns its path. */
  file(name: string, text: string): string {
    const file = join(this.home, name);
    writeFileSync(file, text);
    return file;
  }

  /** Runs `rynxs` beside an operator, as the runbooks do, and resolves to what it printed as JSON. */
  async rynxs<T>(...args: readonly string[]): Promise<T> {
    const text = await this.kubectl('exec', 'deploy/rynxs-operator', '--', 'rynxs', ...args, '-o', 'json');
    return JSON.parse(text) as T;
  }

  /** What there is to see in the namespace, for whoever has to find out why something failed. */
  async #situation(): Promise<string> {
    const commands = [
      ['get', 'all,pvc,secrets,leases', '-o', 'wide'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
      ['logs', '-l', 'app.kubernetes.io/name=rynxs', '--all-containers', '--tail=40', '--prefix'],
    ];
    const ended = await Promise.all(
      commands.map((args) => this.#run([programOf('RYNXS_TEST_KUBECTL'), ...args])),
    );
    return ended.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  }

  async #run(command: readonly string[]): Promise<Ended> {
    const env = { KUBECONFIG: this.kubeconfig, HOME: this.home };
    await using process = new RynxsProcess(command, ROOT, env);
    return await process.ended();
  }
}
