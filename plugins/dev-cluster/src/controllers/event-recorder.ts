import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '@rynxs/kernel';
import { EVENTS } from '../resources/types.js';
import { asJson, asKubernetesObject, cloneJson, numberAt } from '../storage/json.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { StatusError } from '../storage/status-error.js';

/** Events that are remembered so that their repetition is counted instead of stored once more. */
const MAX_REMEMBERED = 1_000;

/** Writes the Events of the controllers. */
export class EventRecorder {
  readonly #storage: ObjectStorage;
  readonly #names = new Map<string, string>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Notes that `component` did something to, or saw something at, an object. */
  record(
    about: KubernetesObject,
    component: string,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    try {
      this.#record(about, component, type, reason, message);
    } catch (error) {
      // An Event is a report: in a namespace that is ending there is nobody left to read it.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  #record(about: KubernetesObject, component: string, type: string, reason: string, message: string): void {
    const { name, namespace = 'default', uid = '', resourceVersion = '' } = about.metadata;
    const now = this.#storage.timestamp();
    const same = [uid, type, reason, message].join('\n');
    const before = this.#names.get(same);
    const known = before === undefined ? undefined : this.#storage.get(EVENTS, { namespace, name: before });
    if (known !== undefined) {
      const event = cloneJson(asJson(known));
      event.count = (numberAt(event, 'count') ?? 1) + 1;
      event.lastTimestamp = now;
      this.#storage.update(EVENTS, asKubernetesObject(event), { fieldManager: component });
      return;
    }
    const eventName = `${name}.${randomUUID().slice(-12)}`;
    this.#storage.create(
      EVENTS,
      asKubernetesObject({
        metadata: { name: eventName, namespace },
        involvedObject: {
          apiVersion: about.apiVersion ?? '',
          kind: about.kind ?? '',
          name,
          namespace,
          uid,
          resourceVersion,
        },
        reason,
        message,
        type,
        source: { component },
        reportingComponent: component,
        reportingInstance: '',
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      }),
      { fieldManager: component, givesObject: true },
    );
    this.#names.set(same, eventName);
    const [oldest] = this.#names.keys();
    if (this.#names.size > MAX_REMEMBERED && oldest !== undefined) this.#names.delete(oldest);
  }
}
