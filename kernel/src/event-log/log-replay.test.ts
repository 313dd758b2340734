import { Damage, LogPosition, type LogRecord, NoteSigner } from '@rynxs/log';
import { AuditedLog } from '@rynxs/log/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { InlineReplay, type LogReplay, type LogReplayOptions, ThreadedReplay } from './log-replay.js';

const KEY = NoteSigner.generate('key');

/** What a replay comes to, without what its messages are made of. */
interface Outcome {
  /** What was handed on; undefined when it does not count. */
  readonly records: readonly LogRecord[] | undefined;
  readonly end: unknown;
}

type Make = (options: LogReplayOptions) => LogReplay;
const inline: Make = (options) => new InlineReplay(options);
const threaded: Make = (options) => new ThreadedReplay(options);

async function outcomeOf(
  make: Make,
  chunks: readonly Uint8Array[],
  known: Partial<LogReplayOptions> = {},
): Promise<Outcome> {
  const records: LogRecord[] = [];
  const onRecord = known.onRecord ?? ((record: LogRecord) => void records.push(record));
  const evidence = { trusted: [KEY.verifier], checkpoints: [], anchors: [] };
  await using replay = make({ position: new LogPosition(), ...evidence, ...known, onRecord });
  try {
    for (const chunk of chunks) await replay.push(chunk);
    const { position, rolledBack, ...end } = await replay.finish();
    return { records, end: { ...end, position: position.toState(), rolledBack: plain(rolledBack) } };
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { records: undefined, end: plain(error) };
  }
}

function plain(error: Error | undefined): unknown {
  return error && { ...error, class: error.constructor.name, message: error.message };
}

/** Some commits of one and of several records, with a checkpoint of each size that is divisible by 5. */
function sample(): { readonly log: AuditedLog; readonly checkpoints: readonly string[] } {
  const log = new AuditedLog()
    .events(12)
    .commit({}, { type: 'Second' }, {})
    .term()
    .events(9, { text: 'ÄÖÜ' });
  const sizes = [5, 10, 20];
  return { log, checkpoints: sizes.map((size) => log.checkpoint([KEY], size)) };
}

function cut(bytes: Buffer, at: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...at.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('replay of a log in two threads', () => {
  it('comes to the same as in one, whatever is wrong, wherever the bytes are cut', async function () {
    this.timeout(120_000);
    const { log, checkpoints } = sample();
    const lines = log.lines.length;
    const damage = fc.oneof(
      fc.constant((bytes: Buffer) => bytes),
      fc.tuple(fc.nat(log.bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
        return (bytes: Buffer) => {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ bits;
          return changed;
        };
      }),
      fc.nat(log.bytes.length).map((size) => (bytes: Buffer) => bytes.subarray(0, size)),
      fc.tuple(fc.nat(lines), fc.nat(lines)).map(([from, to]) => {
        return () => Buffer.concat([...log.lines.slice(0, from), ...log.lines.slice(to)]);
      }),
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.array(fc.nat(), { maxLength: 6 }), async (change, at) => {
        const chunks = cut(change(log.bytes), at);
        const expected = await outcomeOf(inline, chunks, { checkpoints });
        expect(await outcomeOf(threaded, chunks, { checkpoints })).to.deep.equal(expected);
      }),
      { numRuns: process.env.RYNXS_TEST_THOROUGH === '1' ? 100 : 25 },
    );
  });

  it('goes on from a position, and finds a log that was rolled back', async () => {
    const { log, checkpoints } = sample();
    const position = new LogPosition();
    await using first = new InlineReplay({
      position,
      trusted: [KEY.verifier],
      checkpoints: [],
      anchors: [],
      onRecord: () => undefined,
    });
    first.push(Buffer.concat(log.lines.slice(0, 10)));
    const state = position.toState();
    for (const to of [log.lines.length, 19]) {
      const rest = [Buffer.concat(log.lines.slice(10, to))];
      const known = { checkpoints, anchors: [log.checkpoint([], 20)] };
      const expected = await outcomeOf(inline, rest, { ...known, position: LogPosition.from(state) });
      const found = await outcomeOf(threaded, rest, { ...known, position: LogPosition.from(state) });
      expect(found).to.deep.equal(expected);
      expect(found.end).to.have.nested.property('position.size', to);
    }
  });

  it('blames the damage for what a reader of records does with it, else the reader', async () => {
    const { log } = sample();
    const fails = (record: LogRecord) => {
      if (record.event.seq === 14) throw new RangeError('not for me');
    };
    const bytes = log.bytes;
    const failure = await outcomeOf(threaded, [bytes], { onRecord: fails }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RangeError);
    const altered = Buffer.from(bytes);
    altered[(log.lines[0]?.length ?? 0) + 40] = 0x20;
    expect(await outcomeOf(threaded, [altered], { onRecord: fails })).to.deep.equal(
      await outcomeOf(inline, [altered], { onRecord: fails }),
    );
  });

  it('takes more than its memory holds, in one piece or several', async () => {
    const log = new AuditedLog().events(400, { text: 'x'.repeat(20_000) });
    const whole = await outcomeOf(inline, [log.bytes]);
    const { records, end } = await outcomeOf(threaded, [log.bytes]);
    expect(end).to.deep.equal(whole.end);
    expect(records?.length).to.equal(401);
    const pieces = cut(log.bytes, [1_000_000, 1_000_001, 5_000_000]);
    expect((await outcomeOf(threaded, pieces)).end).to.deep.equal(whole.end);
  });
});
