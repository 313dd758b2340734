import { expect } from 'chai';
import { CLOCK } from '../contracts/clock.js';
import { CLUSTER } from '../contracts/cluster.js';
import { CONFIG, defineConfig } from '../contracts/config.js';
import { EVENT_STORE, type EventStore } from '../contracts/event-store.js';
import { LEADERSHIP } from '../contracts/leadership.js';
import { LOGGER } from '../contracts/logger.js';
import { definePlugin } from '../contracts/plugin.js';
import { RANDOM } from '../contracts/random.js';
import { TELEMETRY } from '../contracts/telemetry.js';
import { createToken } from '../contracts/token.js';
import { FakeClock } from './fake-clock.js';
import { given, startTestKernel } from './start-test-kernel.js';

const PROBE = createToken<Probe>('TEST_PROBE');
const EXTRA = createToken<string>('TEST_EXTRA');

class Probe {
  static readonly inject = [CONFIG, LOGGER, CLOCK, RANDOM, TELEMETRY, LEADERSHIP, CLUSTER, EVENT_STORE];
  readonly got: readonly unknown[];
  stopped = false;
  constructor(...got: readonly unknown[]) {
    this.got = got;
  }
  async stop(): Promise<void> {
    this.stopped = true;
  }
}
const probe = definePlugin({
  id: 'probe',
  apiVersion: 1,
  provides: [PROBE.as('probe', Probe)],
  config: defineConfig({ every: { type: 'duration', env: 'PROBE_EVERY', default: '1s', doc: 'How often.' } }),
});

describe('startTestKernel', () => {
  it('starts a plugin with nothing around it but fakes, and stops it at the end', async () => {
    let service: Probe;
    {
      await using kernel = await startTestKernel({ plugins: [probe] });
      service = kernel.get(PROBE);
      expect(service.got.slice(2, 7)).to.deep.equal([
        kernel.clock,
        kernel.random,
        kernel.telemetry,
        kernel.leadership,
        kernel.cluster,
      ]);
      expect((service.got[7] as EventStore).location).to.equal('memory:');
      (service.got[1] as typeof kernel.logger).info('hello');
      expect(kernel.log.lines).to.deep.equal([
        { level: 'info', message: 'hello', fields: { plugin: 'probe' } },
      ]);
      expect(service.stopped).to.equal(false);
    }
    expect(service.stopped).to.equal(true);
  });

  it('goes by another clock when it is given one', async () => {
    const clock = new FakeClock();
    await using kernel = await startTestKernel({ plugins: [probe], services: [given(CLOCK, clock)] });
    expect(kernel.get(CLOCK)).to.equal(clock);
    expect(kernel.get(PROBE).got[2]).to.equal(clock);
  });

  it('takes settings by plugin and name, or from the environment', async () => {
    await using byName = await startTestKernel({ plugins: [probe], config: { probe: { every: '5s' } } });
    expect(byName.get(PROBE).got[0]).to.deep.equal({ every: 5_000 });
    await using byEnv = await startTestKernel({ plugins: [probe], env: { PROBE_EVERY: '6s' } });
    expect(byEnv.get(PROBE).got[0]).to.deep.equal({ every: 6_000 });
  });

  it('does not read the environment of the process', async () => {
    process.env.PROBE_EVERY = '7s';
    try {
      await using kernel = await startTestKernel({ plugins: [probe] });
      expect(kernel.get(PROBE).got[0]).to.deep.equal({ every: 1_000 });
    } finally {
      delete process.env.PROBE_EVERY;
    }
  });

  it('prefers what the plugins under test provide, and selects it', async () => {
    class Store {
      location = 'mine';
    }
    const plugin = definePlugin({
      id: 'store-mine',
      apiVersion: 1,
      provides: [EVENT_STORE.as('mine', Store as never), EVENT_STORE.as('second', class {} as never)],
    });
    await using kernel = await startTestKernel({ plugins: [plugin] });
    expect(kernel.get(EVENT_STORE).location).to.equal('mine');
    await using second = await startTestKernel({ plugins: [plugin], env: { EVENT_STORE_TYPE: 'second' } });
    expect(second.get(EVENT_STORE)).not.to.be.instanceOf(Store);
  });

  it('takes services of the test in place of fakes and of other plugins', async () => {
    class User {
      static readonly inject = [EXTRA, CLUSTER];
      constructor(
        readonly extra: string,
        readonly cluster: unknown,
      ) {}
    }
    const USER = createToken<User>('TEST_USER');
    const plugin = definePlugin({ id: 'user', apiVersion: 1, provides: [USER.as('user', User)] });
    const cluster = {} as never;
    await using kernel = await startTestKernel({
      plugins: [plugin],
      services: [given(EXTRA, 'extra'), given(CLUSTER, cluster)],
    });
    expect(kernel.get(USER)).to.deep.include({ extra: 'extra', cluster });
  });

  it('reports what is wrong with a plugin as the real kernel does', async () => {
    const plugin = definePlugin({ ...probe, id: 'Bad Id' });
    const outcome = await startTestKernel({ plugins: [plugin] }).catch((error: Error) => error);
    expect(outcome).to.have.property('message').that.contains('RYNXS_PLUGIN_INVALID');
  });
});
