import { CLOCK } from '../contracts/clock.js';
import { CLUSTER } from '../contracts/cluster.js';
import { CONFIG } from '../contracts/config.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { LEADERSHIP } from '../contracts/leadership.js';
import { LOGGER } from '../contracts/logger.js';
import { OPERATOR_PLACE } from '../contracts/operator-place.js';
import { definePlugin, PLUGIN_API_VERSION } from '../contracts/plugin.js';
import { RANDOM } from '../contracts/random.js';
import { TELEMETRY } from '../contracts/telemetry.js';
import type { Token } from '../contracts/token.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { NoTelemetry } from '../telemetry/no-telemetry.js';
import type { LoadedPlugin } from './loaded-plugin.js';

/** What the kernel itself brings. */
export const KERNEL_PLUGIN: LoadedPlugin = {
  origin: { kind: 'built in', name: 'kernel' },
  definition: definePlugin({
    id: 'kernel',
    apiVersion: PLUGIN_API_VERSION,
    provides: [TELEMETRY.as('none', NoTelemetry), LEADERSHIP.as('standalone', StandaloneLeadership)],
  }),
};

/** Given by the host to every plugin; no plugin may provide them. */
export const RESERVED_TOKENS: readonly Token<unknown>[] = [LOGGER, CLOCK, RANDOM, CONFIG, OPERATOR_PLACE];

/** What an operator consists of, in the order in which it starts: metrics first, so that all others can be measured. */
export const OPERATOR_TOKENS: readonly Token<unknown>[] = [TELEMETRY, EVENT_STORE, CLUSTER, LEADERSHIP];
