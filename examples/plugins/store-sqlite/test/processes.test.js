import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ChainVerifier } from '@rynxs/log';
import { expect } from 'chai';
import { SqliteEventStore } from 'rynxs-store-sqlite';

const WRITER = fileURLToPath(new URL('writer-process.js', import.meta.url));

describe('writers that are processes', () => {
  /** @type {string} */
  let directory;
  /** @type {string} */
  let file;
  /** @type {import('node:child_process').ChildProcess[]} */
  let children;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rynxs-store-sqlite-'));
    file = join(directory, 'log.db');
    children = [];
  });

  afterEach(async () => {
    await Promise.all(children.map(killed));
    rmSync(directory, { recursive: true });
  });

  /**
   * @param {string} name
   * @param {number} records
   */
  function startWriter(name, records) {
    const child = spawn(process.execPath, [WRITER, file, name, String(records)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  }

  /** Opens the log as a new process would, verifies all of it, and tells where it ends. */
  async function verifiedSize() {
    const { signal } = new AbortController();
    const store = new SqliteEventStore({ file, busyTimeout: 5_000 });
    const { head } = await store.open(signal);
    const verifier = new ChainVerifier();
    for await (const chunk of store.read(0, signal)) verifier.push(chunk);
    verifier.finish(head);
    await store.close();
    return head.nextSeq;
  }

  it('win each place once, also the first one', async function () {
    this.timeout(60_000);
    const records = 120;
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(async (number) => {
        const child = startWriter(`writer ${number}`, records);
        const lines = linesOf(child);
        const [code] = await once(child, 'close');
        return { code, numbers: await lines };
      }),
    );
    for (const { code } of outcomes) expect(code, 'exit code of a writer').to.equal(0);
    const numbers = outcomes.flatMap((outcome) => outcome.numbers).sort((a, b) => a - b);
    const places = Array.from({ length: records / 2 }, (_, index) => 2 * (index + 1));
    expect(numbers, 'what was acknowledged').to.deep.equal(places);
    expect(await verifiedSize()).to.equal(records);
  });

  it('lose nothing that was acknowledged when they are killed', async function () {
    this.timeout(60_000);
    let acknowledged = 0;
    for (let round = 1; round <= 5; round++) {
      const child = startWriter(`writer ${round}`, Number.MAX_SAFE_INTEGER);
      const lines = linesOf(child, (count) => {
        if (count === 7 * round) child.kill('SIGKILL');
      });
      await once(child, 'close');
      acknowledged = Math.max(acknowledged, ...(await lines));
      // The last commit may have become durable without anybody being told.
      expect(await verifiedSize()).to.be.within(acknowledged, acknowledged + 2);
    }
    expect(acknowledged).to.be.at.least(2 * 7 * 5);
  });
});

/**
 * The numbers that a writer prints until it ends.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {(count: number) => void} onLine
 */
async function linesOf(child, onLine = () => {}) {
  /** @type {number[]} */
  const numbers = [];
  if (child.stdout === null) return numbers;
  for await (const line of createInterface({ input: child.stdout })) onLine(numbers.push(Number(line)));
  return numbers;
}

/** @param {import('node:child_process').ChildProcess} child */
async function killed(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
