import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '@rynxs/kernel';
import { EVENTS } from '../resources/types.js';
import { asJson, asKubernetesObject, cloneJson, numberAt } from './json.js';
import type { ObjectStorage } from './object-storage.js';
import { StatusError } from './status-error.js';

/** Events that are remembered so that their repetition is counted instead of stored once more. */
const MAX_REMEMBERED = 1_000;
/** A name has at most 253 characters, of which the random part needs 13. */
const MAX_NAME_PREFIX = 240;

export interface EventSource {
  readonly component: string;
  /** Node on which the component runs. */
  readonly host?: string;
}

/** Writes Events, as controllers, the scheduler and the kubelet do. */
export class EventRecorder {
  readonly #storage: ObjectStorage;
  readonly #names = new Map<string, string>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Notes that `source` did something to, or saw something at, an object or the part of it that `fieldPath` names. */
  record(
    about: KubernetesObject,
    source: EventSource,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    try {
      this.#record(about, source, type, reason, message, fieldPath);
    } catch (error) {
      // An Event is a report: in a namespace that is ending there is nobody left to read it.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  #record(
    about: KubernetesObject,
    source: EventSource,
    type: string,
    reason: string,
    message: string,
    fieldPath: string | undefined,
  ): void {
    const { component, host = '' } = source;
    const { name, namespace = 'default', uid = '', resourceVersion = '' } = about.metadata;
    const now = this.#storage.timestamp();
    const same = [uid, type, reason, message, fieldPath].join('\n');
    const before = this.#names.get(same);
    const known = before === undefined ? undefined : this.#storage.get(EVENTS, { namespace, name: before });
    if (known !== undefined) {
      const event = cloneJson(asJson(known));
      event.count = (numberAt(event, 'count') ?? 1) + 1;
      event.lastTimestamp = now;
      this.#storage.update(EVENTS, asKubernetesObject(event), { fieldManager: component });
      return;
    }
    const eventName = `${name.slice(0, MAX_NAME_PREFIX)}.${randomUUID().slice(-12)}`;
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
          ...(fieldPath === undefined ? {} : { fieldPath }),
        },
        reason,
        message,
        type,
        source: { ...source },
        reportingComponent: component,
        reportingInstance: host,
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
