import { NoTelemetry } from '@rynxs/kernel';
import { expect } from 'chai';
import { ObjectStorageError } from './object-storage.js';
import { PutMetrics } from './put-metrics.js';
import { MAX_ATTEMPTS, RetryingReads } from './retrying-reads.js';
import { storeErrorCode } from './s3-store-error.js';
import { type CreateRequest, SettledCreate } from './settled-create.js';
import { type Fault, MemoryBucket, MemoryObjectStorage } from './testing/memory-object-storage.js';

const KEY = 'events/0000000000.json';
const OWN = Buffer.from('own bytes');
const OTHER = Buffer.from('not bytes');
const LONGER = Buffer.from('bytes of another writer');

describe('creating an object', () => {
  let bucket: MemoryBucket;
  /** What becomes of the requests, one after the other; later ones succeed. */
  let faults: (Fault | undefined)[];
  let pauses: number;

  beforeEach(() => {
    bucket = new MemoryBucket();
    faults = [];
    pauses = 0;
    bucket.fault = () => faults.shift();
  });

  function create(request: Partial<CreateRequest> = {}, signal = AbortSignal.timeout(5_000)) {
    const storage = new MemoryObjectStorage(bucket);
    const pause = async (_attempt: number, pauseSignal: AbortSignal): Promise<void> => {
      pauses += 1;
      pauseSignal.throwIfAborted();
    };
    const metrics = new PutMetrics(new NoTelemetry());
    const parts = { storage, pause, metrics, reads: new RetryingReads(storage, pause) };
    return new SettledCreate(parts).run(
      { key: KEY, bytes: OWN, isInDoubt: false, mayBeOwn: true, ...request },
      signal,
    );
  }

  async function refusal(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => expect.fail('it was created'),
      (error: unknown) => error,
    );
  }

  const methods = (): string => bucket.requests.map(({ method }) => method).join(' ');

  it('takes one request when all is well', async () => {
    expect(await create()).to.equal('own');
    expect(methods()).to.equal('put');
  });

  it('looks whose bytes are there when the key is taken', async () => {
    for (const other of [OTHER, LONGER, OWN.subarray(1)]) {
      bucket.put(KEY, other);
      expect(await create()).to.equal('other');
    }
    bucket.put(KEY, OWN);
    expect(await create()).to.equal('own');
    expect(methods()).to.equal('put get put get put get put get');
  });

  it('takes what is there for another’s without a look, where equal bytes prove nothing', async () => {
    bucket.put(KEY, OWN);
    expect(await create({ mayBeOwn: false })).to.equal('other');
    expect(methods()).to.equal('put');
  });

  it('knows its own bytes after an answer was lost, also where equal bytes prove nothing otherwise', async () => {
    faults = [{ kind: 'ambiguous', isCarriedOut: true }];
    expect(await create({ mayBeOwn: false })).to.equal('own');
    expect(methods()).to.equal('put get');
  });

  it('sends the same bytes again when a request is in doubt and the key is missing', async () => {
    faults = [{ kind: 'ambiguous' }];
    expect(await create()).to.equal('own');
    expect(methods()).to.equal('put get put');
  });

  it('sees that another writer was faster while its request was in doubt', async () => {
    faults = [{ kind: 'ambiguous' }];
    bucket.fault = (request) => {
      if (request.method === 'get') bucket.put(KEY, OTHER);
      return faults.shift();
    };
    expect(await create()).to.equal('other');
  });

  it('knows its request when it was carried out after the look', async () => {
    faults = [{ kind: 'ambiguous' }];
    bucket.fault = (request) => {
      // The first request arrives late, just before the second one.
      if (request.method === 'put' && bucket.count('get') === 1) bucket.put(KEY, OWN);
      return faults.shift();
    };
    expect(await create()).to.equal('own');
    expect(methods()).to.equal('put get put get');
  });

  it('gives up where the key is taken by what cannot be read, as by the marker of a deleted object', async () => {
    bucket.fault = ({ method }) => (method === 'put' ? { kind: 'exists' } : undefined);
    const error = await refusal(create());
    expect(storeErrorCode(error)).to.equal('conflict');
    expect(String(error)).to.contain('was deleted, and its marker');
    expect(bucket.count('put')).to.equal(MAX_ATTEMPTS);
  });

  it('does not take that for an answer while an earlier request is in doubt', async () => {
    faults = [{ kind: 'ambiguous' }, undefined];
    for (let again = 0; again < 2 * MAX_ATTEMPTS; again++) faults.push({ kind: 'exists' }, undefined);
    expect(await create()).to.equal('own');
  });

  it('sends the same bytes again while another create of the key is under way', async () => {
    faults = [{ kind: 'in_progress' }, { kind: 'in_progress' }];
    expect(await create()).to.equal('own');
    expect(methods()).to.equal('put put put');
  });

  it('gives up after a few attempts when nothing was written, and says so', async () => {
    for (const kind of ['throttled', 'unavailable', 'in_progress'] as const) {
      bucket.requests.length = 0;
      faults = Array.from({ length: 100 }, () => ({ kind }));
      const error = await refusal(create());
      expect(error).to.be.instanceOf(ObjectStorageError).with.property('kind', kind);
      expect(storeErrorCode(error)).to.equal('unavailable');
      expect(bucket.requests).to.have.length(MAX_ATTEMPTS);
    }
  });

  it('gives up at once where another attempt would be refused as well', async () => {
    for (const [kind, code] of [
      ['denied', 'denied'],
      ['no_bucket', 'missing'],
      ['full', 'full'],
      ['other', 'unknown'],
    ] as const) {
      bucket.requests.length = 0;
      faults = [{ kind }];
      expect(storeErrorCode(await refusal(create()))).to.equal(code);
      expect(methods()).to.equal('put');
    }
  });

  it('goes on as long as there is time while a request is in doubt', async () => {
    faults = [
      { kind: 'ambiguous' },
      undefined,
      ...Array.from({ length: 3 * MAX_ATTEMPTS }, () => ({ kind: 'unavailable' }) as const),
    ];
    expect(await create()).to.equal('own');
  });

  it('says that it does not know when time ends while a request is in doubt', async () => {
    const controller = new AbortController();
    bucket.fault = ({ method }) => {
      if (bucket.count('put') === 3) controller.abort();
      return method === 'put' ? { kind: 'ambiguous' } : undefined;
    };
    const error = await refusal(create({}, controller.signal));
    expect(storeErrorCode(error)).to.equal('ambiguous');
  });

  it('says that it does not know when nothing more can be learnt', async () => {
    for (const then of ['denied', 'no_bucket', 'other'] as const) {
      faults = [{ kind: 'ambiguous' }, undefined, { kind: then }];
      expect(storeErrorCode(await refusal(create())), `then ${then}`).to.equal('ambiguous');
      faults = [{ kind: 'ambiguous' }, { kind: then }];
      expect(storeErrorCode(await refusal(create())), `${then} at the look`).to.equal('ambiguous');
    }
  });

  it('does not forget that an earlier call left it in doubt', async () => {
    faults = [{ kind: 'denied' }];
    expect(storeErrorCode(await refusal(create({ isInDoubt: true })))).to.equal('ambiguous');
    faults = Array.from({ length: 2 * MAX_ATTEMPTS }, () => ({ kind: 'throttled' }) as const);
    expect(await create({ isInDoubt: true })).to.equal('own');
  });

  it('does not know either when its request was aborted', async () => {
    const controller = new AbortController();
    bucket.fault = () => {
      controller.abort(new Error('no time'));
      return undefined;
    };
    expect(storeErrorCode(await refusal(create({}, controller.signal)))).to.equal('ambiguous');
  });

  it('pauses between attempts', async () => {
    faults = [{ kind: 'throttled' }, { kind: 'in_progress' }];
    await create();
    expect(pauses).to.equal(2);
  });
});
