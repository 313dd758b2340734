import { DeleteObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { type Batch, type EventStore, NoTelemetry, type Telemetry } from '@rynxs/kernel';
import { FakeTelemetry, SampleLog, seededRandom } from '@rynxs/kernel/testing';
import { ChainVerifier, Damage } from '@rynxs/log';
import type { S3StorageOptions } from '@rynxs/store-s3';
import { expect } from 'chai';
import type { ProxyFault } from './fault-proxy.js';
import { S3Place } from './s3-place.js';
import { CREDENTIALS, S3_SERVERS } from './s3-server.js';

const ROUNDS = 80;
const FAULT_RATIO = 0.4;
const FAULTS: readonly ProxyFault[] = [
  'reset',
  'lost',
  { status: 500, code: 'InternalError' },
  { status: 500, code: 'InternalError', late: true },
  { status: 503, code: 'SlowDown' },
  { status: 503, code: 'ServiceUnavailable', late: true },
  { status: 409, code: 'ConditionalRequestConflict' },
  { status: 502, code: 'BadGateway', late: true },
];

const signal = (): AbortSignal => AbortSignal.timeout(20_000);

for (const name of S3_SERVERS) {
  describe(`faults between the store and ${name}`, () => {
    let place: S3Place;
    let prefix: string;
    let log: SampleLog;
    const stores: EventStore[] = [];

    before(async () => {
      place = await S3Place.start(name);
    });

    after(() => place?.[Symbol.asyncDispose]());

    beforeEach(() => {
      prefix = place.newPrefix();
      log = new SampleLog();
    });

    afterEach(async () => {
      place.proxy.fault = () => undefined;
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });

    async function opened(
      options: Partial<S3StorageOptions> = {},
      telemetry: Telemetry = new NoTelemetry(),
    ): Promise<EventStore> {
      const store = place.store(prefix, options, telemetry);
      stores.push(store);
      await store.open(signal());
      return store;
    }

    const commitKey = (batch: Batch): string => `${prefix}/${String(batch.firstSeq).padStart(10, '0')}.json`;

    for (const fault of FAULTS) {
      it(`settle in one append: ${typeof fault === 'string' ? fault : JSON.stringify(fault)}`, async () => {
        const telemetry = new FakeTelemetry();
        const store = await opened({}, telemetry);
        const batches = [log.next(), log.next(3), log.next()];
        for (const batch of batches) {
          place.proxy.spoilNextPut(commitKey(batch), fault);
          await store.append(batch, signal());
        }
        expect(await readAll(store)).to.deep.equal(joined(batches));
        const puts = telemetry.value('rynxs_s3_put_total') ?? 0;
        expect(puts, 'requests that write').to.be.within(3, 6);
        const errorType = typeof fault === 'string' ? 'NetworkError' : 'Other';
        expect(telemetry.value('rynxs_s3_put_errors_total', { error_type: errorType })).to.equal(3);
      });
    }

    it('lose and double nothing, at random', async function () {
      this.timeout(120_000);
      const seed = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
      const random = seededRandom(seed);
      const of = <T>(values: readonly T[]): T | undefined =>
        values[Math.floor(random.next() * values.length)];
      place.proxy.fault = () => (random.next() < FAULT_RATIO ? of(FAULTS) : undefined);
      const batches: Batch[] = [];
      let store: EventStore | undefined;
      try {
        for (let round = 0; round < ROUNDS; round++) {
          if (store === undefined || random.next() < 0.1) store = await persistently(() => opened());
          const batch = log.next(1 + Math.floor(random.next() * 20));
          await persistently(() => (store as EventStore).append(batch, signal()));
          batches.push(batch);
        }
        place.proxy.fault = () => undefined;
        expect((await readAll(await opened())).equals(joined(batches))).to.equal(true);
      } catch (error) {
        throw new Error(`RYNXS_TEST_SEED=${seed}`, { cause: error });
      }
    });

    it('end in not knowing when there is no answer, which the same batch settles later', async () => {
      const store = await opened({ requestTimeoutMs: 300 });
      const batch = log.next(2);
      place.proxy.fault = ({ method }) => (method === 'PUT' ? 'hang' : undefined);
      const failure = await store.append(batch, AbortSignal.timeout(1_000)).catch((error: unknown) => error);
      expect(store.errorCode(failure)).to.equal('ambiguous');
      place.proxy.fault = () => undefined;
      await store.append(batch, signal());
      expect(await readAll(store)).to.deep.equal(Buffer.from(batch.bytes));
    });

    it('fence off a writer whose batch was overtaken while it was in doubt', async () => {
      const [slow, quick] = [await opened(), await opened()];
      const first = log.next();
      await quick.append(first, signal());
      const [rival, own] = [log.rival(2), log.next()];
      // The request that comes first is lost, and the other one takes the place before it is sent again.
      place.proxy.spoilNextPut(commitKey(own), 'reset');
      const outcomes = await Promise.allSettled([slow.append(rival, signal()), quick.append(own, signal())]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      const loser = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(slow.errorCode(loser?.reason)).to.equal('conflict');
    });

    it('are told apart: wrong keys, and a bucket that is not there', async () => {
      const missing = place.store(prefix, { bucket: `${place.bucket}-not` });
      stores.push(missing);
      const noBucket = await missing.open(signal()).catch((error: unknown) => error);
      expect(missing.errorCode(noBucket)).to.equal('missing');
      expect(String(noBucket)).to.contain(`${place.bucket}-not`).and.to.contain('correct S3_BUCKET');

      for (const [variable, value, text] of [
        ['AWS_ACCESS_KEY_ID', 'nobody-of-that-name', 'check AWS_ACCESS_KEY_ID'],
        ['AWS_SECRET_ACCESS_KEY', 'not-the-secret-at-all', 'check AWS_SECRET_ACCESS_KEY'],
      ] as const) {
        process.env[variable] = value;
        try {
          const store = place.store(prefix);
          stores.push(store);
          const failure = await store.open(signal()).catch((error: unknown) => error);
          expect(store.errorCode(failure), String(failure)).to.equal('denied');
          expect(String(failure)).to.contain(text).and.not.to.contain('not-the-secret-at-all');
        } finally {
          process.env[variable] = CREDENTIALS[variable];
        }
      }
    });

    for (const isVersioned of [false, true]) {
      const where = isVersioned ? 'a versioned bucket, where a delete marker stays' : 'a bucket';

      it(`show an object that was deleted from ${where}`, async () => {
        const { client } = place.server;
        const Bucket = await place.server.createBucket();
        if (isVersioned) {
          const VersioningConfiguration = { Status: 'Enabled' } as const;
          await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
        }
        const store = await opened({ bucket: Bucket });
        const batches = [log.next(), log.next(2), log.next(3)] as const;
        for (const batch of batches) await store.append(batch, signal());
        const known = log.head;

        await client.send(new DeleteObjectCommand({ Bucket, Key: commitKey(batches[1]) }));
        const verifier = new ChainVerifier();
        const damage = await (async () => {
          for await (const chunk of store.read(0, signal())) verifier.push(chunk);
          return verifier.finish(known);
        })().catch((error: unknown) => error);
        expect(damage).to.be.instanceOf(Damage).that.includes({ kind: 'gap', seq: 1, lastGoodSeq: 0 });

        await client.send(new DeleteObjectCommand({ Bucket, Key: commitKey(batches[2]) }));
        const again = place.store(prefix, { bucket: Bucket });
        stores.push(again);
        const { head } = await again.open(signal(), { knownSize: known.nextSeq });
        // What was known is the caller's to compare; the store says where the log ends now.
        expect(head).to.deep.equal({ nextSeq: 1, hash: lastHash(batches[0]) });
        // AWS and MinIO create over the marker of a deleted object, versitygw takes it for an object.
        const fork = new SampleLog();
        fork.next();
        const outcome = await again.append(fork.rival(), signal()).then(
          () => 'done',
          (error: unknown) => again.errorCode(error),
        );
        expect(outcome).to.equal(isVersioned && name === 'versitygw' ? 'conflict' : 'done');
      });
    }
  });
}

/** As the kernel's writer does: an open or append that did nothing, or whose outcome is not known, is tried again. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = error as { readonly kind?: string; readonly storeCode?: string };
      const mayTry =
        ['unavailable', 'throttled', 'in_progress'].includes(code.kind ?? '') ||
        code.storeCode === 'ambiguous';
      if (!mayTry || attempt === 20) throw error;
    }
  }
}

async function readAll(store: EventStore): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(0, signal())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function joined(batches: readonly Batch[]): Buffer {
  return Buffer.concat(batches.map(({ bytes }) => bytes));
}

function lastHash({ bytes }: Batch): string {
  const verifier = new ChainVerifier();
  verifier.push(bytes);
  return verifier.finish().headHash;
}
