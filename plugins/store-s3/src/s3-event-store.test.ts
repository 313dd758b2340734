import type { Batch, StoreErrorCode } from '@rynxs/kernel';
import { eventStoreSuite, FakeTelemetry, SampleLog, type WriteFate } from '@rynxs/kernel/testing';
import { Damage } from '@rynxs/log';
import { expect } from 'chai';
import type { S3EventStore } from './s3-event-store.js';
import { type Fault, MemoryBucket } from './testing/memory-object-storage.js';
import { storeOver } from './testing/memory-s3-store.js';

eventStoreSuite({
  name: 'store-s3 over a bucket in memory',
  create: () => {
    const bucket = new MemoryBucket();
    return {
      isExclusive: false,
      open: () => storeOver(bucket),
      crash: async () => {},
      damage: async (offset) => damageAt(bucket, offset),
      loseAnswer: (_store, fate) => loseNextAnswer(bucket, fate),
      dispose: async () => {},
    };
  },
});

/** Changes the byte of the log's commits that stands at `offset` when they are joined. */
function damageAt(bucket: MemoryBucket, offset: number): void {
  let at = offset;
  for (const key of bucket.keys) {
    const bytes = bucket.objects.get(key);
    if (bytes === undefined || !/^events\/\d/.test(key)) continue;
    if (at < bytes.length) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return;
    }
    at -= bytes.length;
  }
}

function loseNextAnswer(bucket: MemoryBucket, fate: WriteFate): void {
  const before = bucket.fault;
  bucket.fault = (request) => {
    if (request.method !== 'put') return before(request);
    bucket.fault = before;
    return { kind: 'ambiguous', answered: false, isCarriedOut: fate === 'written' };
  };
}

const signal = (): AbortSignal => AbortSignal.timeout(5_000);

describe('S3EventStore', () => {
  let bucket: MemoryBucket;
  let log: SampleLog;

  beforeEach(() => {
    bucket = new MemoryBucket();
    log = new SampleLog();
  });

  async function opened(...batches: readonly Batch[]): Promise<S3EventStore> {
    const store = storeOver(bucket);
    await store.open(signal());
    for (const batch of batches) await store.append(batch, signal());
    bucket.requests.length = 0;
    return store;
  }

  async function refusal(
    store: S3EventStore,
    work: Promise<unknown>,
  ): Promise<{ readonly code: StoreErrorCode; readonly error: unknown }> {
    const error: unknown = await work.then(
      () => expect.fail('it was done'),
      (reason: unknown) => reason,
    );
    return { code: store.errorCode(error), error };
  }

  const methods = (): string => bucket.requests.map(({ method }) => method).join(' ');

  it('keeps each commit in an object of its own, and named objects behind them', async () => {
    const store = await opened(log.next(2), log.next(3));
    await store.createObject('checkpoints/0000000005', Buffer.from('x'), signal());
    expect(bucket.keys).to.deep.equal([
      'events/0000000000.json',
      'events/0000000002.json',
      'events/objects/checkpoints/0000000005',
    ]);
  });

  it('says where the log is, without credentials', () => {
    expect(storeOver(bucket).location).to.equal('s3://memory/events at http://memory');
  });

  it('appends with one request, and asks for its head with one', async () => {
    const store = await opened(log.next());
    await store.append(log.next(), signal());
    expect(await store.head(signal())).to.deep.equal(log.head);
    expect(methods()).to.equal('put list');
  });

  it('sees what another writer has appended', async () => {
    const store = await opened(log.next());
    const other = await opened();
    await other.append(log.next(3), signal());
    expect(await store.head(signal())).to.deep.equal(log.head);
  });

  it('is opened again to learn what became of a batch that was left in doubt', async () => {
    const store = await opened(log.next());
    const short = new AbortController();
    bucket.fault = (request) => {
      if (request.method === 'put') short.abort();
      return request.method === 'put' ? { kind: 'ambiguous' } : undefined;
    };
    const rival = log.rival();
    const own = log.next();
    expect((await refusal(store, store.append(own, short.signal))).code).to.equal('ambiguous');
    bucket.fault = () => undefined;
    expect((await refusal(store, store.append(rival, signal()))).code).to.equal('poisoned');
    await store.open(signal());
    await store.append(rival, signal());
    expect((await refusal(store, store.append(own, signal()))).code).to.equal('conflict');
  });

  it('opens a short log with three requests, and with two where its size is known', async () => {
    await opened(log.next(), log.next(20));
    await storeOver(bucket).open(signal());
    expect(methods()).to.equal('list list get');
    bucket.requests.length = 0;
    for (let commit = 0; commit < 1_200; commit++) {
      const batch = log.next();
      bucket.put(`events/${String(batch.firstSeq).padStart(10, '0')}.json`, batch.bytes);
    }
    const { head } = await storeOver(bucket).open(signal(), { knownSize: 1_221 });
    expect(head).to.deep.equal(log.head);
    expect(methods()).to.equal('list get');
  });

  it('passes over keys that are no commits', async () => {
    const batches = [log.next(), log.next(2)];
    await opened(...batches);
    for (const key of [
      '0000000001.json.bak',
      '00000000011.json',
      '0000000001',
      '9999999999.jsonl',
      '-',
      '~',
    ]) {
      bucket.put(`events/${key}`, Buffer.from('no commit'));
    }
    for (let junk = 0; junk < 1_200; junk++) {
      for (const key of [`0000000000-${junk}`, `0000000000.json.${junk}`]) {
        bucket.put(`events/${key}`, Buffer.from('no commit'));
      }
    }
    const store = storeOver(bucket);
    expect((await store.open(signal())).head).to.deep.equal(log.head);
    expect(await bytesOf(store.read(0, signal()))).to.deep.equal(joined(batches));
    expect(await bytesOf(store.read(2, signal()))).to.deep.equal(joined(batches.slice(1)));
  });

  it('does not list the named objects behind the commits', async () => {
    const store = await opened(log.next(), log.next());
    for (let size = 0; size < 2_500; size++)
      bucket.put(`events/objects/checkpoints/${size}`, Buffer.from('x'));
    await bytesOf(store.read(0, signal()));
    await bytesOf(store.read(1, signal()));
    expect(methods()).to.equal('list get get list get');
  });

  it('refuses a batch further on, for it would leave a hole, and one further back without a request', async () => {
    const [first, second, third] = [log.next(2), log.next(), log.next()];
    const store = await opened(first);
    expect((await refusal(store, store.append(third, signal()))).code).to.equal('conflict');
    expect(bucket.count('put')).to.equal(0);
    await store.append(second, signal());
    bucket.requests.length = 0;
    expect((await refusal(store, store.append(first, signal()))).code).to.equal('conflict');
    expect(bucket.requests).to.have.length(0);
  });

  it('goes on after what another writer has appended, once it is asked to', async () => {
    const [first, second, third] = [log.next(), log.next(3), log.next()];
    const store = await opened(first);
    const other = await opened();
    await other.append(second, signal());
    await store.append(third, signal());
    expect(await store.head(signal())).to.deep.equal(log.head);
  });

  it('asks for the head again after it was overtaken', async () => {
    const store = await opened(log.next());
    const rival = log.rival();
    const other = await opened();
    await other.append(log.next(2), signal());
    expect((await refusal(store, store.append(rival, signal()))).code).to.equal('conflict');
    expect(await store.head(signal())).to.deep.equal(log.head);
  });

  it('sends no other bytes to a place where a batch may be on its way', async () => {
    const store = await opened(log.next());
    const [rival, own] = [log.rival(), log.next()];
    const short = new AbortController();
    bucket.fault = (request) => {
      if (bucket.count('put') === 2) short.abort();
      return request.method === 'put' ? { kind: 'ambiguous' } : undefined;
    };
    expect((await refusal(store, store.append(own, short.signal))).code).to.equal('ambiguous');
    bucket.fault = () => undefined;
    bucket.requests.length = 0;
    for (const batch of [rival, log.next()]) {
      expect((await refusal(store, store.append(batch, signal()))).code).to.equal('poisoned');
    }
    expect(bucket.requests).to.have.length(0);
    await store.append(own, signal());
    expect(await bytesOf(store.read(1, signal()))).to.deep.equal(Buffer.from(own.bytes));
  });

  for (const [what, change] of Object.entries({
    'with a changed byte': (bytes: Buffer) => bytes.fill(0x2a, 200, 201),
    'cut within a line': (bytes: Buffer) => bytes.subarray(0, bytes.length - 1),
    'cut after a line': (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('\n') + 1),
    'with a line too many': (bytes: Buffer) =>
      Buffer.concat([bytes, bytes.subarray(bytes.lastIndexOf('\n', -2) + 1)]),
    'without anything': () => Buffer.alloc(0),
    'larger than commits may be': () => Buffer.alloc(1_048_577, 'x'),
    'of another number': (_: Buffer) => Buffer.from(new SampleLog().next().bytes),
  })) {
    it(`does not open where the last commit is ${what}`, async () => {
      await opened(log.next(), log.next(3));
      const key = 'events/0000000001.json';
      bucket.put(key, change(Buffer.from(bucket.objects.get(key) ?? [])));
      const store = storeOver(bucket);
      const { code, error } = await refusal(store, store.open(signal()));
      expect(code).to.equal('damaged');
      expect(error).to.be.instanceOf(Damage).with.property('seq').within(0, 4);
    });
  }

  it('tells reads and writes from each other in its metrics', async () => {
    const telemetry = new FakeTelemetry();
    const store = storeOver(bucket, telemetry);
    const errors = (error_type: string): number | undefined =>
      telemetry.value('rynxs_s3_put_errors_total', { error_type });
    for (const type of ['AccessDenied', 'PreconditionFailed', 'NoSuchBucket', 'NetworkError', 'Other']) {
      expect(errors(type), type).to.equal(0);
    }
    await store.open(signal());
    await store.append(log.next(), signal());
    expect(telemetry.value('rynxs_s3_put_total')).to.equal(1);
    const faults: Fault[] = [
      { kind: 'ambiguous', answered: false },
      { kind: 'ambiguous' },
      { kind: 'throttled' },
      { kind: 'no_bucket' },
    ];
    bucket.fault = ({ method }) => (method === 'put' ? faults.shift() : undefined);
    await refusal(store, store.append(log.next(), signal()));
    faults.push({ kind: 'denied' });
    await refusal(store, store.createObject('a', Buffer.from('1'), signal()));
    await store.createObject('a', Buffer.from('1'), signal());
    await refusal(store, store.createObject('a', Buffer.from('2'), signal()));
    expect(telemetry.value('rynxs_s3_put_total')).to.equal(8);
    expect(
      ['AccessDenied', 'PreconditionFailed', 'NoSuchBucket', 'NetworkError', 'Other'].map(errors),
    ).to.deep.equal([1, 1, 1, 1, 2]);
  });

  it('finds a server out that lets several racers win', async () => {
    const store = await opened();
    expect(await store.probe(signal())).to.deep.equal({ racers: 32, winners: 1 });
    // Each racer finds the key free, as where the condition is looked at before the write.
    bucket.objects.has = () => false;
    expect((await store.probe(signal())).winners).to.equal(32);
  });

  it('says why nobody has won a race', async () => {
    const store = await opened();
    bucket.fault = always('put', { kind: 'denied' });
    expect((await refusal(store, store.probe(signal()))).code).to.equal('denied');
  });
});

function always(method: string, fault: Fault): MemoryBucket['fault'] {
  return (request) => (request.method === method ? fault : undefined);
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

function joined(batches: readonly Batch[]): Buffer {
  return Buffer.concat(batches.map(({ bytes }) => bytes));
}
