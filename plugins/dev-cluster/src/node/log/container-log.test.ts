import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { ContainerLog } from './container-log.js';
import { type LogQuery, readLog } from './read-log.js';

const NEVER = new AbortController().signal;
const ALL: LogQuery = { follow: false, timestamps: false };

describe('container log', () => {
  let directory: string;
  let path: string;
  let clock: FakeClock;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-log-test-'));
    path = join(directory, '0.log');
    clock = new FakeClock();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function read(query: Partial<LogQuery> = {}): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of readLog(path, undefined, { ...ALL, ...query }, NEVER)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  it('is kept in the format of the container runtime interface', () => {
    const log = new ContainerLog(path, clock);
    log.write('stdout', Buffer.from('one\nhal'));
    log.write('stderr', Buffer.from('oops\n'));
    log.write('stdout', Buffer.from('f\nrest'));
    log.close();
    expect(readFileSync(path, 'utf8').split('\n')).to.deep.equal([
      '2026-01-01T00:00:00.000000000Z stdout F one',
      '2026-01-01T00:00:00.000000000Z stderr F oops',
      '2026-01-01T00:00:00.000000000Z stdout F half',
      '2026-01-01T00:00:00.000000000Z stdout P rest',
      '',
    ]);
  });

  it('gives back exactly what was written, however it came', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ä', '\n', ' ', '\r'), maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 50 })), async (content, cuts) => {
        await rm(path, { force: true });
        const log = new ContainerLog(path, clock);
        let rest = Buffer.from(content);
        for (const cut of cuts) {
          log.write('stdout', rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        log.write('stdout', rest);
        log.close();
        expect(await read()).to.equal(content);
      }),
      { numRuns: 50 },
    );
  });

  it('stores a long line in parts, and shows it as one', async () => {
    const log = new ContainerLog(path, clock);
    log.write('stdout', Buffer.from(`${'x'.repeat(40_000)}\n`));
    log.close();
    const tags = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[2]);
    expect(tags).to.deep.equal(['P', 'P', 'F']);
    expect(await read()).to.equal(`${'x'.repeat(40_000)}\n`);
  });

  it('takes no more room than two files of its limit', async () => {
    const log = new ContainerLog(path, clock, 1_000);
    for (let line = 0; line < 200; line += 1) log.write('stdout', Buffer.from(`line ${line}\n`));
    log.close();
    for (const file of [path, `${path}.1`]) expect(statSync(file).size).to.be.at.most(1_000);
    const lines = (await read()).trim().split('\n');
    expect(lines.at(-1)).to.equal('line 199');
    const first = 200 - lines.length;
    expect(lines).to.deep.equal(lines.map((_, index) => `line ${first + index}`));
  });

  it('goes on where it was when it is opened again', async () => {
    for (const text of ['one\n', 'two\n']) {
      const log = new ContainerLog(path, clock);
      log.write('stdout', Buffer.from(text));
      log.close();
    }
    expect(await read()).to.equal('one\ntwo\n');
  });

  describe('when it is read', () => {
    beforeEach(async () => {
      const log = new ContainerLog(path, clock);
      for (const line of ['a', 'b', 'c', 'd']) {
        log.write('stdout', Buffer.from(`${line}\n`));
        await clock.advance(10_000);
      }
      log.close();
    });

    it('shows the last lines', async () => {
      expect(await read({ tailLines: 2 })).to.equal('c\nd\n');
      expect(await read({ tailLines: 0 })).to.equal('');
      expect(await read({ tailLines: 9 })).to.equal('a\nb\nc\nd\n');
    });

    it('shows what came since a time', async () => {
      expect(await read({ sinceMs: Date.UTC(2026, 0, 1, 0, 0, 20) })).to.equal('c\nd\n');
      expect(await read({ sinceMs: Date.UTC(2026, 0, 1, 0, 0, 20) + 1 })).to.equal('d\n');
    });

    it('shows when each line came', async () => {
      expect(await read({ timestamps: true, tailLines: 1 })).to.equal('2026-01-01T00:00:30.000000000Z d\n');
    });

    it('shows no more bytes than are wanted', async () => {
      expect(await read({ limitBytes: 3 })).to.equal('a\nb');
    });
  });

  describe('when it is followed', () => {
    it('shows each line as it comes, over rotations, to the end', async () => {
      const log = new ContainerLog(path, clock, 300);
      const seen: string[] = [];
      log.write('stdout', Buffer.from('line 0\n'));
      for await (const chunk of readLog(path, log, { ...ALL, follow: true }, NEVER)) {
        seen.push(chunk.toString());
        if (seen.length < 50) log.write('stdout', Buffer.from(`line ${seen.length}\n`));
        else log.close();
      }
      expect(log.rotations).to.be.greaterThan(3);
      expect(seen).to.deep.equal(Array.from({ length: 50 }, (_, index) => `line ${index}\n`));
    });

    it('ends when nobody wants it any more', async () => {
      const log = new ContainerLog(path, clock);
      const abort = new AbortController();
      const reading = readLog(path, log, { ...ALL, follow: true }, abort.signal).next();
      abort.abort(new Error('gone'));
      expect(await reading.catch((error: unknown) => error)).to.have.property('message', 'gone');
      log.close();
    });
  });
});
