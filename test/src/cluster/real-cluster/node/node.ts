import type { ApiClient } from '../api-client.js';
import { until } from '../processes.js';
import { requireNodeTools } from './commands.js';
import { type NodeParts, startContainerd, startDns, startKubelet, startProxy } from './components.js';
import { type ImageContent, importImage, loadImage, PAUSE_IMAGE, SHELL_IMAGE } from './images.js';
import type { Machine } from './machine.js';
import { makeStorageClass, makeVolumes } from './volumes.js';

/** What runs on a node's machine, by the names that status shows. */
export const NODE_COMPONENTS = ['node', 'containerd', 'kubelet', 'kube-proxy', 'coredns'] as const;
const FIRST_VOLUMES = 32;
const START_TIMEOUT_MS = 60_000;

/** A node that runs pods. What its pods may need is made here, as nothing can be pulled or provisioned. */
export class RunningNode {
  #volumes = 0;

  constructor(
    readonly machine: Machine,
    readonly program: string,
    readonly api: ApiClient,
  ) {}

  /** Starts the container runtime, with the images that are always there; needs no API server. */
  async startRuntime(): Promise<void> {
    await startContainerd(this.#parts());
    // The first process of a container gets no signal that it does not ask for; the runtime kills this one.
    await this.loadImage(PAUSE_IMAGE, { config: { Entrypoint: ['/bin/sleep', '2147483647'] } });
    await this.loadImage(SHELL_IMAGE, { config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] } });
  }

  /** Starts what talks to the API server, and resolves when the node is Ready and pods are admitted. */
  async start(): Promise<void> {
    await startDns(this.#parts());
    await makeStorageClass(this.api);
    await this.addVolumes(FIRST_VOLUMES);
    await startProxy(this.#parts());
    await startKubelet(this.#parts());
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    const isThere = async () => (await this.api.send('GET', account)).status === 200;
    if (await until(isThere, START_TIMEOUT_MS)) return;
    throw new Error('the controller manager made no service account for pods; its log may say why');
  }

  /** Puts an image on the node that has the tools of busybox and what else it is given, under this name. */
  loadImage(name: string, content: ImageContent): Promise<void> {
    return loadImage(this.machine, requireNodeTools().busybox, name, content);
  }

  /** Puts an image on the node that was made elsewhere: the archive names it. */
  importImage(archive: string): Promise<void> {
    return importImage(this.machine, archive);
  }

  /** Makes more volumes for claims; each serves one claim once. */
  async addVolumes(count: number): Promise<void> {
    await makeVolumes(this.machine, this.api, this.#volumes, count);
    this.#volumes += count;
  }

  #parts(): NodeParts {
    return { machine: this.machine, program: this.program, cni: requireNodeTools().cni, api: this.api };
  }
}
