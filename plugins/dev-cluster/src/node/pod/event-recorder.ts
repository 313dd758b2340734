import { randomBytes } from 'node:crypto';
import type { KubernetesObject, Logger } from '@rynxs/kernel';
import { EVENTS } from '../../resources/types.js';
import { asJson, asKubernetesObject, cloneJson, numberAt } from '../../storage/json.js';
import type { ObjectStorage } from '../../storage/object-storage.js';
import { StatusError } from '../../storage/status-error.js';

/** Events that are remembered so that their repetition is counted instead of stored once more. */
const MAX_REMEMBERED = 1_000;

/** Writes Events about pods, as the kubelet and the scheduler do. */
export class EventRecorder {
  readonly #names = new Map<string, string>();

  constructor(
    private readonly storage: ObjectStorage,
    private readonly host: string,
    private readonly logger: Logger,
  ) {}

  /** Records an event. That it cannot be (the namespace is on its way out) is only logged: events are reports. */
  record(
    pod: KubernetesObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options: { readonly container?: string; readonly component?: 'kubelet' | 'default-scheduler' } = {},
  ): void {
    const component = options.component ?? 'kubelet';
    const { name, namespace = 'default', uid } = pod.metadata;
    const key = JSON.stringify([uid, type, reason, message, options.container]);
    const now = this.storage.timestamp();
    try {
      if (this.#repeat(namespace, key, now)) return;
      const created = this.storage.create(
        EVENTS,
        asKubernetesObject({
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: `${name.slice(0, 236)}.${randomBytes(8).toString('hex')}`, namespace },
          involvedObject: {
            apiVersion: 'v1',
            kind: 'Pod',
            name,
            namespace,
            uid: uid ?? '',
            ...(options.container === undefined
              ? {}
              : { fieldPath: `spec.containers{${options.container}}` }),
          },
          reason,
          message,
          type,
          count: 1,
          firstTimestamp: now,
          lastTimestamp: now,
          source: component === 'kubelet' ? { component, host: this.host } : { component },
          reportingComponent: component,
          reportingInstance: component === 'kubelet' ? this.host : '',
        }),
      );
      this.#remember(key, created.metadata.name);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.logger.debug('an event could not be written', { reason, pod: `${namespace}/${name}`, error });
    }
  }

  #repeat(namespace: string, key: string, now: string): boolean {
    const name = this.#names.get(key);
    const known = name === undefined ? undefined : this.storage.get(EVENTS, { namespace, name });
    if (known === undefined) return false;
    const json = cloneJson(asJson(known));
    json.count = (numberAt(json, 'count') ?? 1) + 1;
    json.lastTimestamp = now;
    this.storage.update(EVENTS, asKubernetesObject(json));
    return true;
  }

  #remember(key: string, name: string): void {
    this.#names.set(key, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > MAX_REMEMBERED && oldest !== undefined) this.#names.delete(oldest);
  }
}
