import { type Clock, type KubernetesObject, SystemClock } from '@rynxs/kernel';
import type { CapturingLogger } from '@rynxs/kernel/testing';
import { capturingLogger } from '@rynxs/kernel/testing';
import { createRegistry } from '../../resources/registry.js';
import { EVENTS, NAMESPACES, PODS } from '../../resources/types.js';
import { asJson, asKubernetesObject, type JsonObject, objectsAt, stringAt } from '../../storage/json.js';
import { ObjectStorage } from '../../storage/object-storage.js';
import { LocalNode, type LocalNodeOptions } from '../local-node.js';

export const NODE_NAME = 'node-1';
/** Idles as process 1 and ends at once on SIGTERM. */
export const IDLE = [
  'sh',
  '-c',
  "trap 'exit 0' TERM INT; echo started; while :; do sleep 1000 & wait $!; done",
];

export interface NodeHarnessOptions {
  readonly dir?: string;
  readonly clock?: Clock;
  readonly probe?: LocalNodeOptions['probe'];
  /** Storage of a node before this one. */
  readonly storage?: ObjectStorage;
}

/** A node over a storage of its own, without API server and controllers. */
export class NodeHarness implements AsyncDisposable {
  private constructor(
    readonly storage: ObjectStorage,
    readonly node: LocalNode,
    readonly logger: CapturingLogger,
  ) {}

  static async start(options: NodeHarnessOptions = {}): Promise<NodeHarness> {
    const storage = options.storage ?? newStorage();
    const logger = capturingLogger();
    const node = new LocalNode({
      storage,
      logger,
      nodeName: NODE_NAME,
      clock: options.clock ?? new SystemClock(),
      ...(options.dir === undefined ? {} : { dir: options.dir }),
      ...(options.probe === undefined ? {} : { probe: options.probe }),
    });
    await node.start(new AbortController().signal);
    return new NodeHarness(storage, node, logger);
  }

  /** Creates a pod of one container. */
  createPod(name: string, container: JsonObject = {}, spec: JsonObject = {}): KubernetesObject {
    const containers = [{ name: 'main', image: 'image:1', command: IDLE, ...container }];
    return this.create(name, { terminationGracePeriodSeconds: 5, containers, ...spec });
  }

  create(name: string, spec: JsonObject): KubernetesObject {
    return this.storage.create(PODS, asKubernetesObject({ metadata: { name, namespace: 'default' }, spec }));
  }

  pod(name: string): KubernetesObject | undefined {
    return this.storage.get(PODS, { namespace: 'default', name });
  }

  delete(name: string, gracePeriodSeconds?: number): void {
    const key = { namespace: 'default', name };
    this.storage.delete(PODS, key, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  }

  /** Waits until a pod is as it should be; `undefined` stands for a pod that is gone. */
  async until(
    name: string,
    isSo: (pod: JsonObject | undefined) => boolean,
    timeoutMs = 8_000,
  ): Promise<JsonObject | undefined> {
    const current = (): JsonObject | undefined => {
      const pod = this.pod(name);
      return pod === undefined ? undefined : asJson(pod);
    };
    if (isSo(current())) return current();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        subscription[Symbol.dispose]();
        reject(new Error(`the pod did not come to be so: ${JSON.stringify(current()?.status, null, 1)}`));
      }, timeoutMs);
      const subscription = this.storage.follow(PODS, () => {
        if (!isSo(current())) return;
        clearTimeout(timer);
        subscription[Symbol.dispose]();
        resolve(current());
      });
    });
  }

  ready(name: string): Promise<JsonObject | undefined> {
    return this.until(name, (pod) => condition(pod, 'Ready')?.status === 'True');
  }

  gone(name: string): Promise<unknown> {
    return this.until(name, (pod) => pod === undefined);
  }

  /** `reason: message` of the events of a pod. */
  events(name: string): readonly string[] {
    return this.storage
      .list(EVENTS, 'default')
      .map((event) => asJson(event))
      .filter((event) => stringAt(event, 'involvedObject', 'name') === name)
      .map((event) => `${stringAt(event, 'reason')}: ${stringAt(event, 'message')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop(AbortSignal.timeout(5_000));
  }
}

/** A storage with the namespace `default`. */
export function newStorage(): ObjectStorage {
  const storage = new ObjectStorage({
    definitions: createRegistry({ protectsClaims: false, timestamp: () => new Date().toISOString() }),
  });
  storage.create(NAMESPACES, asKubernetesObject({ metadata: { name: 'default' } }));
  return storage;
}

export function condition(pod: JsonObject | undefined, type: string): JsonObject | undefined {
  return objectsAt(pod, 'status', 'conditions').find((each) => each.type === type);
}

/** Status of a pod's first container. */
export function container(pod: JsonObject | undefined): JsonObject | undefined {
  return objectsAt(pod, 'status', 'containerStatuses')[0];
}
