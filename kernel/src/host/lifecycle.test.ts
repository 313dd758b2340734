import { expect } from 'chai';
import type { LifecycleHooks, Plugin } from '../contracts/plugin.js';
import { definePlugin } from '../contracts/plugin.js';
import type { ServiceClass } from '../contracts/token.js';
import { createToken } from '../contracts/token.js';
import { type RynxsError, RynxsErrors, rynxsError } from '../errors/rynxs-error.js';
import { capturingLogger } from '../testing/capturing-logger.js';
import { FakeClock } from '../testing/fake-clock.js';
import { assembleKernel } from './assemble-kernel.js';
import type { Kernel } from './kernel.js';

const STORE = createToken<object>('TEST_STORE');
const CACHE = createToken<object>('TEST_CACHE');
const SERVER = createToken<object>('TEST_SERVER');
const WORKER = createToken<object>('TEST_WORKER', { cardinality: 'many' });

const never = (): Promise<never> => new Promise(() => {});

/** A start that ends with its signal only; `reached` resolves when it was called. */
function untilAborted() {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const start = (deadline: AbortSignal): Promise<never> => {
    resolve();
    return new Promise((_resolve, reject) => {
      deadline.addEventListener('abort', () => reject(deadline.reason));
    });
  };
  return { start, reached };
}

describe('a kernel', () => {
  let clock: FakeClock;
  let log: ReturnType<typeof capturingLogger>;
  let happened: string[];
  beforeEach(() => {
    clock = new FakeClock();
    log = capturingLogger();
    happened = [];
  });

  /** A service that writes down its life; `hooks` replace what it does. */
  const service = (
    name: string,
    inject: NonNullable<ServiceClass<object>['inject']> = [],
    hooks: LifecycleHooks & { readonly construct?: () => void } = {},
  ) =>
    class {
      static readonly inject = inject;
      constructor(..._services: readonly unknown[]) {
        happened.push(`new ${name}`);
        hooks.construct?.();
      }
      async start(signal: AbortSignal): Promise<void> {
        happened.push(`start ${name}`);
        await hooks.start?.(signal);
      }
      async stop(signal: AbortSignal): Promise<void> {
        happened.push(`stop ${name}`);
        await hooks.stop?.(signal);
      }
    } as ServiceClass<object>;

  /** Server needs cache needs store; the worker stands alone. */
  const plugins = (hooks: Record<string, LifecycleHooks & { construct?: () => void }> = {}): Plugin[] => [
    definePlugin({
      id: 'web',
      apiVersion: 1,
      provides: [
        SERVER.as('http', service('server', [CACHE], hooks.server)),
        WORKER.as('w', service('worker', [], hooks.worker)),
      ],
    }),
    definePlugin({
      id: 'cache',
      apiVersion: 1,
      provides: [CACHE.as('lru', service('cache', [STORE], hooks.cache))],
    }),
    definePlugin({
      id: 'store',
      apiVersion: 1,
      provides: [STORE.as('file', service('store', [], hooks.store))],
    }),
  ];
  const assemble = (list: readonly Plugin[]): Promise<Kernel> =>
    assembleKernel(
      { plugins: list, env: {}, overrides: { clock, logger: log } },
      { roots: [SERVER], given: new Map() },
    );
  const failure = async (promise: Promise<void>): Promise<readonly RynxsError[]> => {
    const outcome = await promise.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(outcome).to.be.instanceOf(RynxsErrors);
    return (outcome as RynxsErrors).errors;
  };
  const signal = new AbortController().signal;

  it('starts each service after those that it requires, and stops in the exact reverse order', async () => {
    const kernel = await assemble(plugins());
    await kernel.start(signal);
    expect(happened).to.deep.equal([
      'new store',
      'start store',
      'new cache',
      'start cache',
      'new server',
      'start server',
      'new worker',
      'start worker',
    ]);
    happened = [];
    await kernel.stop();
    expect(happened).to.deep.equal(['stop worker', 'stop server', 'stop cache', 'stop store']);
  });

  it('stops one service at a time', async () => {
    let stopping = 0;
    let most = 0;
    const stop = async (): Promise<void> => {
      most = Math.max(most, ++stopping);
      await clock.sleep(10);
      stopping--;
    };
    const kernel = await assemble(
      plugins({ server: { stop }, cache: { stop }, store: { stop }, worker: { stop } }),
    );
    await kernel.start(signal);
    const stopped = kernel.stop();
    await clock.advance(100);
    await stopped;
    expect(most).to.equal(1);
  });

  it('stops once, however often it is asked', async () => {
    const kernel = await assemble(plugins());
    await kernel.start(signal);
    await Promise.all([kernel.stop(), kernel.stop()]);
    await kernel.stop();
    expect(happened.filter((event) => event === 'stop store')).to.have.length(1);
  });

  it('names a service that throws while it starts, keeps the cause, and stops what had started', async () => {
    const cause = new Error('port is taken');
    const kernel = await assemble(plugins({ server: { start: () => Promise.reject(cause) } }));
    const [error, ...others] = await failure(kernel.start(signal));
    expect(error?.code).to.equal('RYNXS_PLUGIN_START_FAILED');
    expect(error?.message).to.equal('plugin web failed to start TEST_SERVER(http): port is taken');
    expect(error?.remedy).to.equal('See the cause: it says what web could not do.');
    expect(error?.cause).to.equal(cause);
    expect(others).to.deep.equal([]);
    expect(happened.slice(-3)).to.deep.equal(['stop worker', 'stop cache', 'stop store']);
  });

  it('hands on the code and the remedy of a coded error that a service throws', async () => {
    const cause = rynxsError('RYNXS_METRICS_PORT', {
      address: ':1',
      detail: 'taken',
      variable: 'METRICS_PORT',
    });
    const kernel = await assemble(plugins({ server: { start: () => Promise.reject(cause) } }));
    const [error] = await failure(kernel.start(signal));
    expect(error?.message).to.contain('TEST_SERVER(http): RYNXS_METRICS_PORT: metrics or health');
    expect(error?.remedy).to.equal(cause.remedy);
  });

  it('names a service whose constructor throws', async () => {
    const construct = (): void => {
      throw new TypeError('no such thing');
    };
    const kernel = await assemble(plugins({ cache: { construct } }));
    const [error] = await failure(kernel.start(signal));
    expect(error?.message).to.equal('plugin cache failed to start TEST_CACHE(lru): no such thing');
    expect(happened).to.include('stop store').and.not.to.include('new server');
  });

  it('names a service that is slow to start, tells it by its signal, and leaves it behind', async () => {
    let told: unknown;
    const start = (deadline: AbortSignal): Promise<never> => {
      deadline.addEventListener('abort', () => {
        told = deadline.reason;
      });
      return never();
    };
    const kernel = await assemble(plugins({ server: { start } }));
    const failed = failure(kernel.start(signal));
    await clock.advance(29_999);
    expect(told).to.equal(undefined);
    await clock.advance(1);
    const [error] = await failed;
    expect(error?.code).to.equal('RYNXS_PLUGIN_START_TIMEOUT');
    expect(error?.message).to.equal('plugin web did not start TEST_SERVER(http) within 30000 ms');
    expect(told).to.equal(error);
    expect(happened).to.include('stop cache').and.not.to.include('stop server');
  });

  it('takes START_TIMEOUT and STOP_TIMEOUT for its deadlines', async () => {
    const list = plugins({ server: { start: never } });
    const kernel = await assembleKernel(
      { plugins: list, env: { START_TIMEOUT: '2s' }, overrides: { clock, logger: log } },
      { roots: [SERVER], given: new Map() },
    );
    const failed = failure(kernel.start(signal));
    await clock.advance(2_000);
    expect((await failed)[0]?.message).to.contain('within 2000 ms');
  });

  it('reports the failures of all services that do not depend on each other at once', async () => {
    const fail = (text: string) => () => Promise.reject(new Error(text));
    const kernel = await assemble(plugins({ cache: { start: fail('one') }, worker: { start: fail('two') } }));
    const errors = await failure(kernel.start(signal));
    expect(errors.map(({ details }) => details.detail)).to.deep.equal(['one', 'two']);
    expect(happened).not.to.include('new server');
  });

  it('goes on stopping when services fail or are slow to stop, and reports them all', async () => {
    const cause = new Error('stuck');
    const kernel = await assemble(
      plugins({ worker: { stop: () => Promise.reject(cause) }, server: { stop: never } }),
    );
    await kernel.start(signal);
    const failed = failure(kernel.stop());
    await clock.waitForTimers(1);
    await clock.advance(10_000);
    const errors = await failed;
    expect(errors.map(({ code, message }) => `${code}: ${message}`)).to.deep.equal([
      'RYNXS_PLUGIN_STOP_FAILED: plugin web failed to stop TEST_WORKER(w): stuck',
      'RYNXS_PLUGIN_STOP_TIMEOUT: plugin web did not stop TEST_SERVER(http) within 10000 ms; it was left behind',
    ]);
    expect(errors[0]?.cause).to.equal(cause);
    expect(happened.slice(-2)).to.deep.equal(['stop cache', 'stop store']);
    expect(await failure(kernel.stop())).to.equal(errors);
  });

  it('reports a failure to stop after a failure to start as well', async () => {
    const kernel = await assemble(
      plugins({
        server: { start: () => Promise.reject(new Error('first')) },
        store: { stop: () => Promise.reject(new Error('second')) },
      }),
    );
    const errors = await failure(kernel.start(signal));
    expect(errors.map(({ code }) => code)).to.deep.equal([
      'RYNXS_PLUGIN_START_FAILED',
      'RYNXS_PLUGIN_STOP_FAILED',
    ]);
  });

  it('ends a start by its signal, with its reason, and stops what had started', async () => {
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const { start, reached } = untilAborted();
    const kernel = await assemble(plugins({ cache: { start } }));
    const outcome = kernel.start(controller.signal).catch((error: unknown) => error);
    await reached;
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
    expect(happened).to.deep.equal(['new store', 'start store', 'new cache', 'start cache', 'stop store']);
  });

  it('can be stopped while it starts', async () => {
    const { start, reached } = untilAborted();
    const kernel = await assemble(plugins({ cache: { start } }));
    const outcome = kernel.start(signal).catch((error: unknown) => error);
    await reached;
    await kernel.stop();
    expect(await outcome).to.have.property('message', 'the kernel is being stopped');
    expect(happened.at(-1)).to.equal('stop store');
  });

  it('writes down how a service that was left behind ends', async () => {
    let fail: (error: Error) => void = () => {};
    const start = (): Promise<never> =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    const kernel = await assemble(plugins({ server: { start } }));
    const failed = failure(kernel.start(signal));
    await clock.advance(30_000);
    await failed;
    fail(new Error('at last'));
    await clock.advance(0);
    expect(log.lines.map(({ message, fields }) => [message, fields.plugin])).to.deep.equal([
      ['a service that was too late to start has failed', 'web'],
    ]);
  });

  it('gives services between start and stop only', async () => {
    const kernel = await assemble(plugins());
    expect(() => kernel.get(SERVER)).to.throw('TEST_SERVER was asked for, but the kernel is not started');
    expect(() => kernel.getAll(WORKER)).to.throw('TEST_WORKER was asked for, but the kernel is not started');
    await kernel.start(signal);
    expect(kernel.get(SERVER)).to.be.an('object');
    expect(kernel.getAll(WORKER)).to.have.length(1);
    expect(() => kernel.get(WORKER)).to.throw('there may be many: use getAll');
    expect(() => kernel.get(createToken('TEST_NOBODY'))).to.throw('no loaded plugin provides it');
    await kernel.stop();
    expect(() => kernel.get(SERVER)).to.throw('the kernel is stopped');
  });

  it('starts once', async () => {
    const kernel = await assemble(plugins());
    await kernel.start(signal);
    expect(() => kernel.start(signal)).to.throw('the kernel was started before');
    await kernel.stop();
  });

  it('draws what it started, with times', async () => {
    const kernel = await assemble(plugins({ cache: { start: () => clock.sleep(250) } }));
    const started = kernel.start(signal);
    await clock.advance(250);
    await started;
    expect(kernel.tree().toString()).to.equal(
      [
        'rynxs 250 ms',
        '├─ store',
        '│  └─ TEST_STORE(file) 0.0 ms',
        '├─ cache',
        '│  └─ TEST_CACHE(lru) 250 ms',
        '└─ web',
        '   ├─ TEST_SERVER(http) 0.0 ms',
        '   └─ TEST_WORKER(w) 0.0 ms',
      ].join('\n'),
    );
    await kernel.stop();
    expect(kernel.tree().plugins[0]?.services[0]?.state).to.equal('stopped');
  });
});
