import { expect } from 'chai';
import { ClusterError, type RequestOptions } from '../contracts/cluster.js';
import { FakeClock, MemoryCluster, WIDGET, widget } from '../testing/index.js';
import { WatchedWrites } from './watched-writes.js';

const { signal } = new AbortController();

describe('writes that are watched', () => {
  let clock: FakeClock;
  let cluster: MemoryCluster;
  let writes: WatchedWrites;
  /** Ends the write that hangs. */
  let end: (error: ClusterError) => void;
  beforeEach(() => {
    clock = new FakeClock();
    cluster = new MemoryCluster(() => clock.now());
    writes = new WatchedWrites(cluster, clock);
  });

  const hang = (options: RequestOptions = { signal, timeoutMs: 1_000 }) => {
    cluster.create = (_resource, _object, { beforeSend }) => {
      beforeSend?.();
      const { promise, reject } = Promise.withResolvers<never>();
      end = reject;
      return promise;
    };
    return writes.create(WIDGET, widget('w', {}), options).catch((error: unknown) => error);
  };
  const settling = (until: AbortSignal = signal) => {
    const state = { isSettled: false };
    void writes.settled(until).then(() => {
      state.isSettled = true;
    });
    return state;
  };

  it('are settled at once when all are answered, refused ones too', async () => {
    await writes.create(WIDGET, widget('w', {}), { signal });
    const refused = await writes.create(WIDGET, widget('w', {}), { signal }).catch((error: unknown) => error);
    expect(refused).to.include({ reason: 'exists' });
    await writes.settled(signal);
    expect(clock.pending).to.equal(0);
  });

  it('are settled when the answer comes', async () => {
    const written = hang();
    const state = settling();
    await clock.advance(500);
    expect(state.isSettled).to.equal(false);
    end(new ClusterError('conflict', 'somebody was faster'));
    await written;
    await clock.advance(0);
    expect(state.isSettled).to.equal(true);
    expect(clock.pending).to.equal(0);
  });

  it('are not settled when one is given up, until its time-out is over', async () => {
    const written = hang();
    const state = settling();
    await clock.advance(300);
    end(new ClusterError('ambiguous', 'given up'));
    await written;
    await clock.advance(699);
    expect(state.isSettled).to.equal(false);
    await clock.advance(1);
    expect(state.isSettled).to.equal(true);
  });

  it('are not waited for any longer when the signal aborts', async () => {
    void hang();
    const enough = new AbortController();
    const state = settling(enough.signal);
    await clock.advance(1);
    enough.abort();
    await clock.advance(0);
    expect(state.isSettled).to.equal(true);
  });

  it('do not count before they are sent', async () => {
    const refused = new Error('the term is over');
    const failure = await hang({
      signal,
      beforeSend: () => {
        throw refused;
      },
    });
    expect(failure).to.equal(refused);
    await writes.settled(signal);
  });
});
