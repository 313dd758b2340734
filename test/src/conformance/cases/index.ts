import type { Area } from '../conformance-case.js';
import { CEL } from './cel.js';
import { CUSTOM_RESOURCES } from './custom-resources.js';
import { DEFAULTS } from './defaults.js';
import { DELETION } from './deletion.js';
import { DISCOVERY } from './discovery.js';
import { KINDS } from './kinds.js';
import { LISTS } from './lists.js';
import { OBJECTS } from './objects.js';
import { PATCHES } from './patches.js';
import { REQUESTS } from './requests.js';
import { RUNNING_PODS } from './running-pods.js';
import { SUBRESOURCES } from './subresources.js';
import { TABLES } from './tables.js';
import { VALIDATION } from './validation.js';
import { WATCHES } from './watches.js';

/** Every case, by what it is about. */
export const CASES: readonly Area[] = [
  DISCOVERY,
  REQUESTS,
  OBJECTS,
  PATCHES,
  SUBRESOURCES,
  DEFAULTS,
  VALIDATION,
  CUSTOM_RESOURCES,
  CEL,
  LISTS,
  WATCHES,
  DELETION,
  KINDS,
  TABLES,
  RUNNING_PODS,
];
