import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeTelemetry } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { DiskUsage } from './disk-usage.js';
import { FileEventStore } from './file-event-store.js';

const RATIO = 'rynxs_log_disk_used_ratio';
/** Others write to the disk, too. */
const TOLERANCE = 0.02;
const { signal } = new AbortController();

describe('the disk of the log', () => {
  let root: string;
  let telemetry: FakeTelemetry;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rynxs-disk-usage-'));
    telemetry = new FakeTelemetry();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** What `df` says of the file system. */
  const usedByDf = () => {
    const rows = execFileSync('df', ['-kP', root], { encoding: 'utf8' }).trimEnd().split('\n');
    const [, , used = '', available = ''] = (rows.at(-1) ?? '').split(/\s+/);
    return Number(used) / (Number(used) + Number(available));
  };

  it('is measured as df counts it', async () => {
    using usage = new DiskUsage(telemetry, root);
    await usage.measure();
    expect(telemetry.value(RATIO)).to.be.closeTo(usedByDf(), TOLERANCE);
  });

  it('is unknown as long as its directory is not there, which is no failure', async () => {
    using usage = new DiskUsage(telemetry, join(root, 'later'));
    await usage.measure();
    expect(telemetry.value(RATIO)).to.equal(0);
  });

  it('is measured when the store is opened, and with each reading', async () => {
    const dir = join(root, 'logs');
    const store = new FileEventStore({ dir }, undefined, telemetry);
    expect(telemetry.value(RATIO), 'it is there from the start').to.equal(0);
    await store.open(signal);
    // A reading has it measured for the next one.
    while (telemetry.value(RATIO) === 0) await new Promise(setImmediate);
    expect(telemetry.value(RATIO)).to.be.closeTo(usedByDf(), TOLERANCE);
    await store.close();
  });
});
