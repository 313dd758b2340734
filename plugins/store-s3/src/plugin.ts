import {
  CLOCK,
  type Clock,
  CONFIG,
  definePlugin,
  EVENT_STORE,
  RANDOM,
  type Random,
  TELEMETRY,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import { configuredPrefix, configuredStorage } from './configured-storage.js';
import { S3EventStore } from './s3-event-store.js';
import { type S3StoreSettings, s3StoreSettings } from './settings.js';

/** The store in the bucket that the settings name. */
class ConfiguredS3EventStore extends S3EventStore {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, CLOCK, RANDOM, TELEMETRY];

  constructor(config: Readonly<Record<string, unknown>>, clock: Clock, random: Random, telemetry: Telemetry) {
    const settings = config as S3StoreSettings;
    const prefix = configuredPrefix(settings);
    super({ storage: configuredStorage(settings, clock), prefix, clock, random, telemetry });
  }
}

export default definePlugin({
  id: 'store-s3',
  apiVersion: 1,
  provides: [EVENT_STORE.as('s3', ConfiguredS3EventStore)],
  config: s3StoreSettings,
});
