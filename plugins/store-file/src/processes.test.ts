import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ChainVerifier } from '@rynxs/log';
import { expect } from 'chai';
import { HOLDER_FILE } from './exclusive-lock.js';
import { FileEventStore } from './file-event-store.js';
import { readSegmentName } from './file-names.js';
import { randomFrom } from './testing/history.js';

const IS_THOROUGH = process.env.RYNXS_TEST_THOROUGH === '1';
const KILLS = IS_THOROUGH ? 12 : 6;
const READINGS = IS_THOROUGH ? 20 : 8;
/** The log grows while it is read, the more the slower it is read: after this time no further reading is begun. */
const READING_MS = 15_000;
const WRITER = fileURLToPath(new URL('./testing/writer-process.js', import.meta.url));

describe('stores in several processes', function () {
  this.timeout(60_000);
  const { signal } = new AbortController();
  const children: ChildProcess[] = [];
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await rm(dir, { recursive: true });
  });

  function start(
    mode: 'append' | 'hold',
    segmentSize = 67_108_864,
  ): { child: ChildProcess; lines: AsyncIterator<string> } {
    const child = spawn(process.execPath, [WRITER, dir, mode, String(segmentSize)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    return { child, lines };
  }

  async function refused(store: FileEventStore): Promise<Error> {
    return store.open(signal).then(
      () => expect.fail('the store was opened twice'),
      (error: Error) => error,
    );
  }

  it('names the process that has the log', async () => {
    const { child, lines } = start('hold');
    expect((await lines.next()).value).to.equal('open 0');
    const store = new FileEventStore({ dir });
    const error = await refused(store);
    expect(store.errorCode(error)).to.equal('locked');
    expect(error.message).to.match(new RegExp(`^process ${child.pid} on ${hostname()} \\(since \\d{4}-`));
    await store.close();
  });

  it('reads beside the process that has the log', async () => {
    const { lines } = start('append');
    let durable = '';
    while (!/^durable \d{3}/.test(durable)) durable = (await lines.next()).value;
    const reader = new FileEventStore({ dir });
    const until = performance.now() + READING_MS;
    for (let round = 0; round < READINGS && (round < 2 || performance.now() < until); round++) {
      const verifier = new ChainVerifier();
      for await (const chunk of reader.read(0, signal)) verifier.push(chunk);
      const { nextSeq, unfinished } = verifier.finish();
      expect(unfinished).to.equal(undefined);
      expect(nextSeq).to.be.at.least(Number(durable.split(' ')[1]));
    }
    await reader.close();
  });

  it('gives the log up when it closes, and takes its name away', async () => {
    const { child, lines } = start('hold');
    await lines.next();
    expect(existsSync(join(dir, HOLDER_FILE))).to.equal(true);
    child.stdin?.end();
    await once(child, 'exit');
    expect(existsSync(join(dir, HOLDER_FILE))).to.equal(false);
    const store = new FileEventStore({ dir });
    await store.open(signal);
    await store.close();
  });

  for (const [what, segmentSize] of [
    ['', undefined],
    [', while it replaces and compresses files', 30_000],
  ] as const) {
    it(`loses nothing that was acknowledged when it is killed, again and again${what}`, async () => {
      const seed = Date.now() % 1_000_000;
      const random = randomFrom(seed);
      let durable = 0;
      for (let round = 0; round < KILLS; round++) {
        const { child, lines } = start('append', segmentSize);
        const opened = (await lines.next()).value as string;
        expect(Number(opened.split(' ')[1]), `what round ${round} finds, seed ${seed}`).to.be.at.least(
          durable,
        );
        for (let left = Math.floor(random() * 60); left > 0; left--) await lines.next();
        child.kill('SIGKILL');
        for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
          if (/^durable \d+$/.test(line.value)) durable = Number(line.value.split(' ')[1]);
        }
      }
      const store = new FileEventStore({ dir });
      const { head } = await store.open(signal);
      const verifier = new ChainVerifier();
      for await (const chunk of store.read(0, signal)) verifier.push(chunk);
      expect(verifier.finish(head).nextSeq, `seed ${seed}`).to.be.at.least(durable);
      await store.close();
      const segments = (await readdir(dir)).filter((name) => readSegmentName(name) !== undefined);
      if (segmentSize !== undefined) expect(segments).to.have.length.greaterThan(1);
    });
  }
});
