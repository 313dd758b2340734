import type { Check } from './check.js';
import { anchorCheck } from './checks/anchor.js';
import { apiServerCheck } from './checks/api-server.js';
import { checkpointsCheck } from './checks/checkpoints.js';
import { clocksCheck } from './checks/clocks.js';
import { configurationCheck, pluginsCheck } from './checks/configuration.js';
import { crdsCheck } from './checks/crds.js';
import { keysCheck } from './checks/keys.js';
import { leaderCheck } from './checks/leader.js';
import { logCheck } from './checks/log.js';
import { ownerCheck } from './checks/owner.js';
import { permissionsCheck } from './checks/permissions.js';
import { portsCheck } from './checks/ports.js';
import { storeCheck } from './checks/store.js';

/** All checks, in the order in which they are reported: each after those that it builds on. */
export const CHECKS: readonly Check[] = [
  configurationCheck,
  pluginsCheck,
  apiServerCheck,
  permissionsCheck,
  crdsCheck,
  storeCheck,
  logCheck,
  ownerCheck,
  keysCheck,
  checkpointsCheck,
  anchorCheck,
  leaderCheck,
  clocksCheck,
  portsCheck,
];
