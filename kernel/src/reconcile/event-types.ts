import type { Reconciler } from '../contracts/reconciler.js';

/** Types of the events that the kernel writes whatever the reconcilers are; their payloads are in `events.ts`. */
export const KERNEL_EVENT_TYPES: readonly string[] = [
  'EpochStarted',
  'EpochEnded',
  'TailDropped',
  'TailAdopted',
  'KeyAdded',
  'KeyRetired',
  'LogRecovered',
  'StoreProbed',
  'ConfigurationObserved',
  'DriftObserved',
  'DeadlineReached',
  'ActionsDecided',
  'ActionApplied',
  'ActionFailed',
  'ActionUnconfirmed',
];

/** What comes after the kind in the types of events about one kind of object. */
const OF_A_KIND = ['Observed', 'Deleted', 'Ready', 'Degraded', 'Suspended'] as const;

/** Types of the events that are written for the objects of a reconciler alone. */
export function eventTypesOf({
  resource: { kind },
  factTypes = [],
}: Pick<Reconciler, 'resource' | 'factTypes'>): readonly string[] {
  return [...OF_A_KIND.map((what) => `${kind}${what}`), ...factTypes];
}
