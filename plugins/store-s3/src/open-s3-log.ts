import { type EventStore, NoTelemetry, SystemClock, SystemRandom, settingsFrom } from '@rynxs/kernel';
import { configuredPrefix, configuredStorage } from './configured-storage.js';
import { S3EventStore } from './s3-event-store.js';
import { s3StoreSettings } from './settings.js';

/** A log outside of an operator, as `--store s3://bucket/prefix` names it. */
export interface S3LogAddress {
  /** What follows `s3://`: `bucket/prefix`, or `bucket` for the prefix of S3_PREFIX. */
  readonly address: string;
  /** Where server, region and all other settings come from, by the names that the operator's have. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The log's store, for reading: it is not opened. Throws RYNXS_CONFIG_INVALID. */
export function openS3Log({ address, env }: S3LogAddress): EventStore {
  const slash = address.indexOf('/');
  const bucket = slash < 0 ? address : address.slice(0, slash);
  const prefix = slash < 0 ? '' : address.slice(slash + 1);
  const settings = settingsFrom('store-s3', s3StoreSettings, {
    ...env,
    S3_BUCKET: bucket,
    ...(prefix === '' ? {} : { S3_PREFIX: prefix }),
  });
  const clock = new SystemClock();
  return new S3EventStore({
    storage: configuredStorage(settings, clock),
    prefix: configuredPrefix(settings),
    clock,
    random: new SystemRandom(),
    telemetry: new NoTelemetry(),
  });
}
