import { expect } from 'chai';
import { failureOn, type Mutation } from './testing/mutants.js';

const TERMS = 'event-log/terms.test.js';
const REPLICAS = 'operator/replicas.test.js';

/** What the kernel does for leadership, taken out piece by piece. The numbers are those of the rules in docs/SPLIT_BRAIN.md. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a tenure that is over leaves the writer alone (2)': {
    file: 'event-log/log-term.js',
    from: 'const onTenureEnd = () => writer.fail(lossOf(tenure.signal));',
    to: 'const onTenureEnd = () => undefined;',
    test: [TERMS, 'appends nothing any more once its tenure is over'],
  },
  'writes are sent without asking the term (4)': {
    file: 'reconcile/write-options.js',
    from: 'beforeSend: () => term.assert(writeTimeoutMs)',
    to: 'beforeSend: () => undefined',
    test: [
      'reconcile/execute.test.js',
      'asserts the term for the whole time-out directly before each write, and writes nothing once it is over',
    ],
  },
  'events are appended without asking the tenure': {
    file: 'event-log/log-term.js',
    from: 'this.#parts.tenure.assert(0);',
    to: '',
    test: [
      TERMS,
      'asks its tenure before each append: an elector may know before its signal that the time is over',
    ],
  },
  'a term goes on in a log without the record that it was left at (6)': {
    file: 'event-log/read-on.js',
    from: 'if (!isFound)\n        throw changed(',
    to: 'if (false)\n        throw changed(',
    test: [TERMS, 'is refused in a log that was emptied, or that is another one from its last record on'],
  },
  'a term goes on in a log whose last record is another one (6)': {
    file: 'event-log/read-on.js',
    from: 'hash === place.headHash',
    to: 'true',
    test: [TERMS, 'is refused in a log that was emptied, or that is another one from its last record on'],
  },
  'objects are deleted whatever has become of them (7)': {
    file: 'reconcile/execute.js',
    from: '{ uid, resourceVersion }',
    to: '{}',
    test: [
      'reconcile/execute.test.js',
      'deletes the object that is meant and no other, and is content when it is gone',
    ],
  },
  'a term ends without a word (8)': {
    file: 'operator/operator.js',
    from: "await term.end(signal.aborted ? 'stopped' : 'handed over');",
    to: '',
    test: [REPLICAS, 'hand over cleanly: the next one acts at once, in the next epoch'],
  },
  'a handover is not heard (8)': {
    file: 'operator/operator.js',
    from: 'AbortSignal.any([signal, tenure.handover])',
    to: 'signal',
    test: [REPLICAS, 'hand over when they are asked to, and campaign again'],
  },
  'the last checkpoint keeps everybody waiting (8)': {
    file: 'event-log/log-term.js',
    from: 'await Promise.race([kept, late]);',
    to: 'await kept;',
    test: [TERMS, 'keeps nobody waiting for the last checkpoint for more than 500 ms'],
  },
  'standbys do not follow the log (9)': {
    file: 'operator/log-follower.js',
    from: 'await this.#log.follow(signal).catch(() => undefined);',
    to: '',
    test: [REPLICAS, 'that stand by have caches and log warm, are ready, and write nothing'],
  },
  'no term holds off (11)': {
    file: 'event-log/event-log.js',
    from: 'mayOthersAct ? clock.monotonic() + tenure.holdOffMs : Number.NEGATIVE_INFINITY',
    to: 'Number.NEGATIVE_INFINITY',
    test: [TERMS, 'holds off after one that has not ended, from when it has fenced the log'],
  },
  'every term holds off (11)': {
    file: 'event-log/event-log.js',
    from: 'position.size > 0 && !position.term.epochEnded',
    to: 'true',
    test: [TERMS, 'acts at once in a log that is empty, and after one that has ended'],
  },
  'nobody asks whether a term holds off (11)': {
    file: 'event-log/log-term.js',
    from: 'if (waitMs > 0)',
    to: 'if (false)',
    test: [TERMS, 'holds off after one that has not ended, from when it has fenced the log'],
  },
  'a term that held off says that it has ended (11)': {
    file: 'event-log/log-term.js',
    from: 'if (clock.monotonic() >= actsFrom)',
    to: 'if (true)',
    test: [
      TERMS,
      'does not say that it has ended when it was not yet allowed to act: the one before it may still',
    ],
  },
  'the anchor does not hold off (11)': {
    file: 'event-log/checkpointer.js',
    from: 'Math.max(this.#anchoredAt + ANCHOR_INTERVAL_MS, this.#parts.actsFrom)',
    to: 'this.#anchoredAt + ANCHOR_INTERVAL_MS',
    test: [TERMS, 'does not touch the anchor, which is in the cluster, before it may act'],
  },
  'a store is not opened anew when a commit was left in doubt': {
    file: 'event-log/store-watch.js',
    from: 'if (isInDoubt)',
    to: 'if (false)',
    test: [
      TERMS,
      'aborts the commit under way when its tenure ends, and the next one learns what became of it',
    ],
  },
  'who leads hopes for ever that its log comes back': {
    file: 'event-log/event-log.js',
    from: '{ patienceMs: PATIENCE_MS }',
    to: '{}',
    test: [TERMS, 'ends a term after 30 s where others may try, and can be led again when it is back'],
  },
  'the place of a log may go and come back': {
    file: 'event-log/writer.js',
    from: "store.errorCode(cause) === 'missing'",
    to: 'false',
    test: [TERMS, 'ends a term at once when its place is gone, as another one may come under its name'],
  },
  'who cannot read the log campaigns': {
    file: 'operator/operator.js',
    from: 'await this.#follower.readable(signal);',
    to: 'undefined;',
    test: [REPLICAS, 'do not campaign while they cannot read the log'],
  },
  'a lost log makes operators campaign without a pause': {
    file: 'operator/operator.js',
    from: 'await pause(clock, longestMs * (1 - random.next() / 2), signal);',
    to: '',
    test: [REPLICAS, 'let longer and longer pass before they campaign for a log that none of them can write'],
  },
};

describe('what the kernel does for leadership is missed when', function () {
  this.timeout(20_000);

  for (const [name, mutation] of Object.entries(MUTATIONS)) {
    it(name, async () => {
      expect(await failureOn(mutation), `“${mutation.test[1]}” has noticed nothing`).to.be.instanceOf(Error);
    });
  }

  it('nothing is missing, and then only', async () => {
    const tests = new Map(Object.values(MUTATIONS).map((mutation) => [mutation.test[1], mutation]));
    for (const [title, mutation] of tests)
      expect(await failureOn({ ...mutation, to: mutation.from }), title).to.equal(undefined);
  });
});
