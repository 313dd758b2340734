export { type ElectorParts, LeaseElector } from './elector.js';
export {
  EPOCH_ANNOTATION,
  isNamed,
  LEASE_NAME,
  LEASES,
  type LeaseRecord,
  LOG_ID_ANNOTATION,
  leaseName,
  readLease,
  TRANSFER_ANNOTATION,
} from './lease-record.js';
export type { LeaseKey } from './lease-view.js';
export { default } from './plugin.js';
export { type LeaderLeaseSettings, leaderLeaseSettings } from './settings.js';
export { checkedTimings, type LeaseTimings } from './timings.js';
