import { hostname } from 'node:os';
import {
  CLOCK,
  CLUSTER,
  type Clock,
  type Cluster,
  CONFIG,
  definePlugin,
  LEADERSHIP,
  LOGGER,
  type Logger,
  OPERATOR_PLACE,
  type OperatorPlace,
  RANDOM,
  type Random,
  TELEMETRY,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import { LeaseElector } from './elector.js';
import { leaseName } from './lease-record.js';
import { type LeaderLeaseSettings, leaderLeaseSettings } from './settings.js';
import { checkedTimings } from './timings.js';

/** The elector that the settings describe, for the Lease of the operator's shard. Throws RYNXS_CONFIG_INVALID. */
class ConfiguredLeaseElector extends LeaseElector {
  static readonly inject: readonly Token<unknown>[] = [
    CONFIG,
    OPERATOR_PLACE,
    CLUSTER,
    CLOCK,
    RANDOM,
    TELEMETRY,
    LOGGER,
  ];

  constructor(
    config: Readonly<Record<string, unknown>>,
    { namespace, shard }: OperatorPlace,
    cluster: Cluster,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
    logger: Logger,
  ) {
    const settings = config as LeaderLeaseSettings;
    super({
      timings: checkedTimings(settings),
      key: { namespace, name: leaseName(shard) },
      podName: settings.podName ?? hostname(),
      cluster,
      clock,
      random,
      telemetry,
      logger,
    });
  }
}

export default definePlugin({
  id: 'leader-lease',
  apiVersion: 1,
  provides: [LEADERSHIP.as('lease', ConfiguredLeaseElector)],
  config: leaderLeaseSettings,
});
