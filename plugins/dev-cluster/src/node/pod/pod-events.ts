import type { KubernetesObject } from '@rynxs/kernel';
import { EventRecorder } from '../../storage/event-recorder.js';
import type { ObjectStorage } from '../../storage/object-storage.js';

export interface PodEventOptions {
  /** The container that it is about. */
  readonly container?: string;
  /** Default `kubelet`. */
  readonly component?: 'kubelet' | 'default-scheduler';
}

/** Writes the Events of a node's pods, as the kubelet and the scheduler do. */
export class PodEvents {
  readonly #recorder: EventRecorder;
  readonly #host: string;

  constructor(storage: ObjectStorage, host: string) {
    this.#recorder = new EventRecorder(storage);
    this.#host = host;
  }

  record(
    pod: KubernetesObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    { container, component = 'kubelet' }: PodEventOptions = {},
  ): void {
    const source = component === 'kubelet' ? { component, host: this.#host } : { component };
    const fieldPath = container === undefined ? undefined : `spec.containers{${container}}`;
    // A pod that comes from the storage does not repeat what it is.
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' };
    this.#recorder.record(about, source, type, reason, message, fieldPath);
  }
}
