import { expect } from 'chai';
import type { Cluster, KubernetesObject } from '../contracts/cluster.js';
import { capturingLogger } from '../testing/capturing-logger.js';
import { FakeClock } from '../testing/fake-clock.js';
import { Announcer } from './announcer.js';

const TRACE = 't'.repeat(32);

describe('Kubernetes Events', () => {
  const clock = new FakeClock();
  let logger: ReturnType<typeof capturingLogger>;
  let ended: AbortController;
  let isIdle: boolean;
  let sent: { readonly name: string; readonly answer: PromiseWithResolvers<KubernetesObject> }[];
  let announcer: Announcer;

  beforeEach(() => {
    logger = capturingLogger();
    ended = new AbortController();
    isIdle = true;
    sent = [];
    const create: Cluster['create'] = (_, { metadata }) => {
      const answer = Promise.withResolvers<KubernetesObject>();
      sent.push({ name: metadata.name, answer });
      return answer.promise;
    };
    const term = {
      epoch: 1,
      holder: 'test',
      signal: ended.signal,
      writeTimeoutMs: 10_000,
      assert: () => undefined,
    };
    announcer = new Announcer({ cluster: { create } as Cluster, clock, logger, term, isIdle: () => isIdle });
  });

  const add = (...names: readonly string[]): void => {
    for (const name of names) {
      const metadata = { name, namespace: 'default' };
      announcer.add({ apiVersion: 'v1', kind: 'Event', metadata, reason: 'Reconciled' }, TRACE);
    }
  };
  const names = (): string => sent.map(({ name }) => name).join('');
  async function answer(index: number): Promise<void> {
    sent[index]?.answer.resolve({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'x' } });
    await clock.advance(0);
  }

  it('are sent at once, four at a time, while nothing else is done', async () => {
    add(...'abcdef');
    expect(names()).to.equal('abcd');
    await answer(1);
    expect(names()).to.equal('abcde');
    await answer(0);
    expect(names()).to.equal('abcdef');
  });

  it('are sent one at a time and ten in a second while passes run', async () => {
    isIdle = false;
    add(...'abc');
    expect(names()).to.equal('a');
    await clock.advance(1_000);
    expect(names(), 'the first was not answered').to.equal('a');
    await answer(0);
    expect(names()).to.equal('ab');
    await answer(1);
    expect(names()).to.equal('ab');
    await clock.advance(99);
    expect(names()).to.equal('ab');
    await clock.advance(1);
    expect(names()).to.equal('abc');
  });

  it('are sent as soon as the last pass has ended', async () => {
    isIdle = false;
    add(...'abc');
    isIdle = true;
    announcer.next();
    expect(names()).to.equal('abc');
  });

  it('are lost when they are refused, which is said, and hold up nothing', async () => {
    isIdle = false;
    add(...'ab');
    sent[0]?.answer.reject(new Error('forbidden'));
    await clock.advance(100);
    expect(names()).to.equal('ab');
    expect(logger.lines).to.have.length(1);
    expect(logger.lines[0]).to.deep.include({ level: 'warn', message: 'a Kubernetes Event was not written' });
    expect(logger.lines[0]?.fields).to.include({ reason: 'Reconciled', trace_id: TRACE });
  });

  it('are lost when the term ends, with a count', async () => {
    add(...'abcdef');
    ended.abort();
    await answer(0);
    void announcer.close();
    expect(names()).to.equal('abcd');
    expect(logger.lines).to.have.length(1);
    expect(logger.lines[0]?.fields).to.deep.equal({ count: 2 });
  });

  it('are not begun any more when it is to stop, and those under way are waited for', async () => {
    isIdle = false;
    add(...'abc');
    announcer.stop();
    isIdle = true;
    announcer.next();
    await clock.advance(100);
    expect(names()).to.equal('a');
    let isClosed = false;
    const closed = announcer.close().then(() => {
      isClosed = true;
    });
    await clock.advance(10_000);
    expect(isClosed).to.equal(false);
    await answer(0);
    await closed;
    expect(names()).to.equal('a');
  });

  it('are lost when ten thousand wait', async () => {
    isIdle = false;
    add(...Array.from({ length: 10_003 }, () => 'a'));
    void announcer.close();
    await clock.advance(1_000);
    expect(names()).to.equal('a');
    expect(logger.lines[0]?.fields).to.deep.equal({ count: 10_002 });
  });
});
