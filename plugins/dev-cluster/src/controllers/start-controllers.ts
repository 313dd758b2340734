import { EventRecorder } from '../storage/event-recorder.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { startClaimController } from './claim-controller.js';
import { type ControllerContext, type StartController, together } from './controller.js';
import { startDeploymentController } from './deployment-controller.js';
import { startEventExpiry } from './event-expiry.js';
import { startGarbageCollector } from './garbage-collector.js';
import { startNamespaceController } from './namespace-controller.js';
import { OwnerIndex } from './owner-index.js';
import { startReplicaSetController } from './replica-set-controller.js';

const CONTROLLERS: readonly StartController[] = [
  startNamespaceController,
  startGarbageCollector,
  startDeploymentController,
  startReplicaSetController,
  startClaimController,
  startEventExpiry,
];

export interface ControllersOptions {
  readonly storage: ObjectStorage;
  readonly now: () => number;
  readonly onFailure: ControllerContext['onFailure'];
}

/** Starts all controllers; dispose of the result to stop them. */
export function startControllers(options: ControllersOptions): Disposable {
  const owners = new OwnerIndex(options.storage);
  const context: ControllerContext = { ...options, owners, events: new EventRecorder(options.storage) };
  return together(owners, ...CONTROLLERS.map((start) => start(context)));
}
