import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ProxiedRequest } from '../fault-proxy.js';
import type { Drill } from './drill.js';

const DENIED = { status: 403, code: 'AccessDenied' } as const;
/** Reading a log that is nearly empty takes a dozen requests, one after the other. */
const SLOW_READ_MS = 1_500;
const FULL = 0.9;

const replayDurationHigh: Drill = {
  alert: 'RynxsReplayDurationHigh',
  fault: 'a restart while each answer of the bucket takes 1.5 s',
  async run(stage, { fires, ends }) {
    const bucket = await stage.bucket();
    const operator = await stage.replica(this.alert, bucket);
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    await operator.end();
    bucket.proxy.fault = ({ method }) => (method === 'GET' ? { delayMs: SLOW_READ_MS } : undefined);
    operator.start();
    await fires();
    bucket.proxy.fault = () => undefined;
    await operator.end();
    operator.start();
    await ends();
  },
};

const eventStoreErrors: Drill = {
  alert: 'RynxsEventStoreErrorsHigh',
  fault: 'a restart while the bucket denies every PUT',
  async run(stage, { fires, ends }) {
    const bucket = await stage.bucket();
    const operator = await stage.replica(this.alert, bucket);
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    await operator.end();
    bucket.proxy.fault = ({ method }) => (method === 'PUT' ? DENIED : undefined);
    operator.start();
    await fires();
    bucket.proxy.fault = () => undefined;
    await ends();
    await operator.leads();
  },
};

const appendStalled: Drill = {
  alert: 'RynxsLogAppendStalled',
  fault: 'no answer of the bucket to a PUT',
  async run(stage, { fires, ends }) {
    const bucket = await stage.bucket();
    const operator = await stage.replica(this.alert, bucket);
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    bucket.proxy.fault = ({ method }) => (method === 'PUT' ? 'hang' : undefined);
    // So that there is something to write.
    await stage.endTerm(this.alert);
    await fires();
    bucket.proxy.fault = () => undefined;
    await ends();
    await operator.leads();
  },
};

const chainBroken: Drill = {
  alert: 'RynxsChainBroken',
  fault: 'a byte of the log changed, and a restart',
  async run(stage, { fires, ends }) {
    const logs = join(stage.directory, 'damaged-logs');
    const operator = await stage.alone(this.alert, 'pod-0', { LOG_DIR: logs });
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    await operator.end();
    const file = join(logs, 'operator-events.log');
    const good = readFileSync(file);
    const damaged = Buffer.from(good);
    const at = damaged.indexOf('EpochStarted');
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    operator.start();
    await fires();
    // It waits to be scraped; whoever stops it need not.
    expect(await operator.end()).to.equal(1);
    writeFileSync(file, good);
    operator.start();
    await ends();
    await operator.leads();
  },
};

const checkpointStale: Drill = {
  alert: 'RynxsCheckpointStale',
  fault: 'the bucket denies to keep checkpoints, while term follows term',
  async run(stage, { fires, ends }) {
    const bucket = await stage.bucket();
    const operator = await stage.replica(this.alert, bucket);
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    const isCheckpoint = ({ method, path }: ProxiedRequest) =>
      method === 'PUT' && path.includes('/objects/checkpoint');
    bucket.proxy.fault = (request) => (isCheckpoint(request) ? DENIED : undefined);
    await fires(() => stage.nextTerm(this.alert, [operator]));
    bucket.proxy.fault = () => undefined;
    await stage.nextTerm(this.alert, [operator]);
    await ends();
  },
};

const diskFilling: Drill = {
  alert: 'RynxsLogDiskFilling',
  fault: 'a disk of 8 MiB filled to 90 %',
  async run(stage, { fires, ends }) {
    const disk = join(stage.directory, 'small-disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      const operator = await stage.alone(this.alert, 'pod-0', { LOG_DIR: join(disk, 'logs') });
      await operator.startLeading();
      await stage.isQuiet(this.alert);
      const filler = join(disk, 'filler');
      const { blocks, bfree, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.floor((blocks * FULL - (blocks - bfree)) * bsize)));
      await fires();
      rmSync(filler);
      await ends();
      await operator.end();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
};

/** The longest first. */
export const LOG_DRILLS: readonly Drill[] = [
  checkpointStale,
  eventStoreErrors,
  replayDurationHigh,
  chainBroken,
  appendStalled,
  diskFilling,
];
