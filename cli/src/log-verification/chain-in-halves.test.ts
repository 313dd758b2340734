import { setTimeout } from 'node:timers/promises';
import type { EventStore, StoreHead } from '@rynxs/kernel';
import { ChainVerifier, Damage, parseRecord, type VerificationSummary } from '@rynxs/log';
import { AuditedLog } from '@rynxs/log/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { chainInHalves } from './chain-in-halves.js';

const signal = new AbortController().signal;

interface StoredCommit {
  readonly firstSeq: number;
  readonly bytes: Buffer;
}

function commitsOf(log: AuditedLog): StoredCommit[] {
  const commits: StoredCommit[] = [];
  let lines: Buffer[] = [];
  log.lines.forEach((line, seq) => {
    lines.push(line);
    if (parseRecord(line).event.meta.end !== true) return;
    commits.push({ firstSeq: seq + 1 - lines.length, bytes: Buffer.concat(lines) });
    lines = [];
  });
  return commits;
}

/** A store of these bytes, one commit a chunk. It reads as much as its head says, and is asked for nothing else. */
function storeOf(commits: readonly StoredCommit[], trailing = Buffer.alloc(0), pauseMs = 0): EventStore {
  const store: Pick<EventStore, 'read' | 'trailing'> = {
    async *read(fromSeq, reading) {
      const start = commits.findLast(({ firstSeq }) => firstSeq <= fromSeq)?.firstSeq;
      // The first of that place: the commit may be there twice.
      const first = commits.findIndex(({ firstSeq }) => firstSeq === start);
      for (const { bytes } of commits.slice(Math.max(0, first))) {
        reading.throwIfAborted();
        yield bytes;
        await setTimeout(pauseMs);
      }
    },
    trailing: async () => trailing,
  };
  return store as EventStore;
}

function inOrder(
  commits: readonly StoredCommit[],
  trailing = Buffer.alloc(0),
): VerificationSummary | 'damaged' {
  const verifier = new ChainVerifier({ strict: false });
  try {
    for (const { bytes } of commits) verifier.push(bytes);
    verifier.push(trailing);
    return verifier.finish();
  } catch (error) {
    if (error instanceof Damage) return 'damaged';
    throw error;
  }
}

/** Some commits of one and of several records, in three terms. */
function sample(logId = 'log-1'): AuditedLog {
  return new AuditedLog(logId)
    .events(8)
    .commit({}, { type: 'Second' }, {})
    .term()
    .events(6, { text: 'ÄÖÜ' })
    .commit({}, {})
    .term()
    .events(7);
}

describe('a chain in halves', () => {
  const log = sample();
  const commits = commitsOf(log);
  const head: StoreHead = { nextSeq: log.nextSeq, hash: log.hash };

  function halvesOf(
    stored: readonly StoredCommit[],
    { at = head, trailing = Buffer.alloc(0), pauseMs = 0 } = {},
  ): ReturnType<typeof chainInHalves> {
    return chainInHalves(storeOf(stored, trailing, pauseMs), at, undefined, signal);
  }

  it('comes to what the whole comes to, wherever it is halved', async () => {
    const { nextSeq, headHash, records, commits: count } = inOrder(commits) as VerificationSummary;
    for (let half = 4; half <= nextSeq - 3; half += 2) {
      const halves = await halvesOf(commits, { at: { nextSeq: half * 2, hash: undefined } });
      // A store never says that its log is longer than what it shows.
      if (half * 2 > nextSeq) expect(halves).to.equal(undefined);
      else expect(halves?.end.summary).to.deep.equal(inOrder(commits));
    }
    const halves = await halvesOf(commits);
    expect(halves?.verified).to.deep.include({
      firstSeq: 0,
      records,
      commits: count,
      bytes: Buffer.concat(log.lines).length,
      head: { seq: nextSeq - 1, hash: headHash },
    });
  }).timeout(20_000);

  it('tells of an unfinished commit behind the last one', async () => {
    const trailing = Buffer.from(commits.at(-1)?.bytes.subarray(0, 40) ?? '');
    const halves = await halvesOf(commits, { trailing });
    expect(halves?.end.summary).to.deep.equal(inOrder(commits, trailing));
    expect(halves?.end.summary.unfinished).to.deep.equal({ seq: log.nextSeq, bytes: 40 });
  });

  it('tells how far it is', async () => {
    const told: number[] = [];
    await chainInHalves(storeOf(commits), head, (records) => told.push(records), signal);
    expect(told).to.deep.equal(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).to.equal(log.nextSeq);
  });

  it('leaves to others whatever is damaged, wherever', async function () {
    this.timeout(60_000);
    const damages = fc.oneof(
      fc.record({
        is: fc.constant('byte' as const),
        commit: fc.nat(),
        at: fc.nat(),
        bits: fc.integer({ min: 1, max: 255 }),
      }),
      fc.record({
        is: fc.constantFrom('drop' as const, 'double' as const, 'swap' as const),
        commit: fc.nat(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(damages, async (damage) => {
        const damaged: StoredCommit[] = commits.map(({ firstSeq, bytes }) => ({
          firstSeq,
          bytes: Buffer.from(bytes),
        }));
        const index = damage.commit % damaged.length;
        const commit = damaged[index] as StoredCommit;
        const next = damaged[(index + 1) % damaged.length] as StoredCommit;
        if (damage.is === 'byte') {
          const at = damage.at % commit.bytes.length;
          commit.bytes[at] = (commit.bytes[at] ?? 0) ^ damage.bits;
        } else if (damage.is === 'drop') {
          damaged.splice(index, 1);
        } else if (damage.is === 'double') {
          damaged.splice(index, 0, commit);
        } else {
          damaged[index] = { ...commit, bytes: next.bytes };
          damaged[(index + 1) % damaged.length] = { ...next, bytes: commit.bytes };
        }
        expect(await halvesOf(damaged)).to.equal(undefined);
      }),
      { numRuns: 30 },
    );
  });

  it('leaves to others two halves that hold each for itself and do not belong together', async () => {
    const middle = commits.findIndex(({ firstSeq }) => firstSeq >= log.nextSeq / 2);
    const other = commitsOf(sample('log-2'));
    expect(other.map(({ firstSeq }) => firstSeq)).to.deep.equal(commits.map(({ firstSeq }) => firstSeq));
    for (let at = middle - 2; at < middle + 3; at++) {
      const spliced = [...commits.slice(0, at), ...other.slice(at)];
      expect(await halvesOf(spliced, { at: { nextSeq: log.nextSeq, hash: undefined } }), `${at}`).to.equal(
        undefined,
      );
    }
  });

  describe('of which the first does not see the end of the second', () => {
    /** So long that they are on their way in several pieces. */
    const text = 'x'.repeat(60_000);

    async function mustBeLeft(damaged: AuditedLog): Promise<void> {
      const stored = commitsOf(damaged);
      expect(inOrder(stored)).to.equal('damaged');
      const at = { nextSeq: damaged.nextSeq, hash: damaged.hash };
      // So that it is told how far the first half is before it reads on.
      expect(await halvesOf(stored, { at, pauseMs: 5 })).to.equal(undefined);
    }

    it('leaves to others a log of two identities', async () => {
      const foreign = new AuditedLog('log-1').events(300, { text });
      foreign.startEpoch({ log_id: 'log-2', cluster_uid: 'cluster-1', shard: 'default' });
      await mustBeLeft(foreign.events(3));
    });

    it('leaves to others two commits of one id that the halves meet between', async () => {
      const twice = { meta: { batch: 'twice' }, payload: { text } };
      // The piece that the first commit of the two ends in has no space for another record.
      const log = new AuditedLog().events(62, { text }).commit(twice, twice).commit(twice, twice);
      await mustBeLeft(log.events(60, { text }));
    });
  });

  it('leaves to others a log that its store says is longer, or ends otherwise', async () => {
    expect(await halvesOf(commits, { at: { nextSeq: log.nextSeq + 1, hash: undefined } })).to.equal(
      undefined,
    );
    expect(await halvesOf(commits, { at: { ...head, hash: 'f'.repeat(64) } })).to.equal(undefined);
  });

  it('stops when it is told to', async () => {
    const stopped = AbortSignal.abort(new Error('enough'));
    const failure = await chainInHalves(storeOf(commits), head, undefined, stopped).then(
      () => expect.fail('it went on'),
      (error: Error) => error,
    );
    expect(failure.message).to.equal('enough');
  });
});
