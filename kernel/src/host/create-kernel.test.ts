import { expect } from 'chai';
import { CLUSTER } from '../contracts/cluster.js';
import { CONFIG, defineConfig } from '../contracts/config.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { LEADERSHIP } from '../contracts/leadership.js';
import { LOGGER } from '../contracts/logger.js';
import { definePlugin, type Plugin } from '../contracts/plugin.js';
import { TELEMETRY } from '../contracts/telemetry.js';
import type { ServiceClass } from '../contracts/token.js';
import { createToken, type Token } from '../contracts/token.js';
import { optional } from '../di/dependencies.js';
import { type RynxsError, RynxsErrors } from '../errors/rynxs-error.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { NoTelemetry } from '../telemetry/no-telemetry.js';
import { capturingLogger } from '../testing/capturing-logger.js';
import { createKernel } from './create-kernel.js';
import type { Kernel, KernelOptions } from './kernel.js';

const A = createToken<object>('TEST_A');
const B = createToken<object>('TEST_B');
const MANY = createToken<object>('TEST_MANY', { cardinality: 'many' });
const CHOSEN = createToken<object>('TEST_CHOSEN', { selectedBy: 'TEST_CHOSEN_TYPE' });

/** A class that asks for `tokens` and remembers what it got. */
function asksFor(...tokens: readonly NonNullable<ServiceClass<object>['inject']>[number][]) {
  return class Asking {
    static readonly inject = tokens;
    readonly got: readonly unknown[];
    constructor(...got: readonly unknown[]) {
      this.got = got;
    }
  } as ServiceClass<never> & (new (...got: readonly unknown[]) => { got: readonly unknown[] });
}

function plugin(id: string, provides: Plugin['provides'], more: Partial<Plugin> = {}): Plugin {
  return definePlugin({ id, apiVersion: 1, provides, ...more });
}

/** The parts of an operator that the kernel does not bring itself. */
const base = plugin('base', [
  EVENT_STORE.as('file', asksFor()),
  CLUSTER.as('kubernetes', asksFor()),
  TELEMETRY.as('prometheus', asksFor()),
]);

const signal = new AbortController().signal;

describe('createKernel', () => {
  const create = (plugins: readonly Plugin[], options: Partial<KernelOptions> = {}): Promise<Kernel> =>
    createKernel({
      plugins: [base, ...plugins],
      env: {},
      directory: import.meta.dirname,
      overrides: { logger: capturingLogger() },
      ...options,
    });
  const errorsOf = async (kernel: Promise<Kernel>): Promise<readonly RynxsError[]> => {
    const outcome = await kernel.catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(RynxsErrors);
    return (outcome as RynxsErrors).errors;
  };
  const reportOf = async (kernel: Promise<Kernel>): Promise<readonly string[]> =>
    (await errorsOf(kernel)).map(({ code, message, remedy }) => `${code}: ${message}. ${remedy}`);

  describe('selects providers', () => {
    it('by their variable, with the defaults of the kernel', async () => {
      const kernel = await create([]);
      await kernel.start(signal);
      expect(kernel.get(LEADERSHIP)).to.be.instanceOf(StandaloneLeadership);
      await kernel.stop();
      const without = await create([], { env: { TELEMETRY_TYPE: 'none' } });
      await without.start(signal);
      expect(without.get(TELEMETRY)).to.be.instanceOf(NoTelemetry);
      await without.stop();
    });

    it('of a token of a third party by its own variable', async () => {
      const one = asksFor();
      const two = asksFor();
      const third = plugin('third', [
        CHOSEN.as('one', one),
        CHOSEN.as('two', two),
        MANY.as('x', asksFor(CHOSEN)),
      ]);
      for (const options of [{ env: { TEST_CHOSEN_TYPE: 'two' } }, { flags: { TEST_CHOSEN_TYPE: 'two' } }]) {
        const kernel = await create([third], options);
        await kernel.start(signal);
        expect(kernel.get(CHOSEN)).to.be.instanceOf(two);
        await kernel.stop();
      }
    });

    it('of a token of a third party without its variable only if there is no choice', async () => {
      const user = plugin('user', [MANY.as('x', asksFor(CHOSEN))]);
      const kernel = await create([user, plugin('only', [CHOSEN.as('one', asksFor())])]);
      await kernel.start(signal);
      expect(kernel.get(CHOSEN)).to.be.an('object');
      await kernel.stop();
      const two = plugin('two', [CHOSEN.as('one', asksFor()), CHOSEN.as('two', asksFor())]);
      expect(await reportOf(create([user, two]))).to.deep.equal([
        'RYNXS_PROVIDER_MISSING: plugin user (TEST_MANY(x)) requires TEST_CHOSEN, and no loaded plugin provides it. Set TEST_CHOSEN_TYPE to one of one, two.',
      ]);
    });

    it('and starts only those, what they require, and all of tokens of cardinality many', async () => {
      const kernel = await create([
        plugin('x', [EVENT_STORE.as('other', asksFor(A)), B.as('unused', asksFor())]),
        plugin('y', [A.as('unused', asksFor())]),
        plugin('z', [MANY.as('1', asksFor(B)), MANY.as('2', asksFor())]),
      ]);
      await kernel.start(signal);
      const started = kernel
        .tree()
        .plugins.map(({ id, services }) => [id, services.map(({ service }) => service)]);
      expect(started).to.deep.equal([
        ['base', ['TELEMETRY(prometheus)', 'EVENT_STORE(file)', 'CLUSTER(kubernetes)']],
        ['kernel', ['LEADERSHIP(standalone)']],
        ['x', ['TEST_B(unused)']],
        ['z', ['TEST_MANY(1)', 'TEST_MANY(2)']],
      ]);
      await kernel.stop();
    });

    it('makes one service of a class that a plugin provides for two tokens', async () => {
      const Both = asksFor();
      const kernel = await create([
        plugin('p', [A.as('a', Both), B.as('b', Both), MANY.as('m', asksFor(A, B))]),
      ]);
      await kernel.start(signal);
      expect(kernel.get(A)).to.equal(kernel.get(B));
      expect(kernel.tree().toString()).to.contain('TEST_A(a)+TEST_B(b)');
      await kernel.stop();
    });
  });

  describe('gives each plugin', () => {
    it('its own configuration, its own logger, and undefined for what is optional and absent', async () => {
      const log = capturingLogger();
      const config = defineConfig({
        size: { type: 'size', env: 'P_SIZE', default: '1Ki', doc: 'How large.' },
      });
      const Asking = asksFor(CONFIG, LOGGER, optional(A));
      const kernel = await create([plugin('p', [MANY.as('m', Asking)], { config })], {
        overrides: { logger: log },
      });
      await kernel.start(signal);
      const [service] = kernel.getAll(MANY) as [InstanceType<typeof Asking>];
      expect(service.got[0]).to.deep.equal({ size: 1_024 });
      expect(service.got[2]).to.equal(undefined);
      (service.got[1] as Kernel['logger']).info('hello', { password: 'x' });
      expect(log.lines).to.deep.equal([
        { level: 'info', message: 'hello', fields: { plugin: 'p', password: '<hidden>' } },
      ]);
      await kernel.stop();
    });
  });

  describe('reports', () => {
    it('a provider that is missing, by plugin, token and remedy', async () => {
      expect(await reportOf(create([plugin('needy', [MANY.as('n', asksFor(A))])]))).to.deep.equal([
        'RYNXS_PROVIDER_MISSING: plugin needy (TEST_MANY(n)) requires TEST_A, and no loaded plugin provides it. Install a package that provides it and add it to RYNXS_PLUGINS.',
      ]);
    });

    it('an unknown type, with those that are known', async () => {
      expect(await reportOf(create([], { env: { EVENT_STORE_TYPE: 'redis' } }))).to.deep.equal([
        'RYNXS_PROVIDER_UNKNOWN_TYPE: EVENT_STORE_TYPE=redis: no loaded plugin provides EVENT_STORE of this type; known: file. Choose a known type, or install the package that provides this one and add it to RYNXS_PLUGINS.',
      ]);
    });

    it('an unknown type also where nobody needs the service', async () => {
      const user = plugin('user', [MANY.as('x', asksFor(optional(CHOSEN)))]);
      await create([user]);
      const [error] = await errorsOf(create([user], { env: { TEST_CHOSEN_TYPE: 'typo' } }));
      expect(error?.code).to.equal('RYNXS_PROVIDER_UNKNOWN_TYPE');
    });

    it('two providers of one token and type, and two where nothing selects', async () => {
      const first = plugin('first', [EVENT_STORE.as('x', asksFor()), A.as('one', asksFor())]);
      const second = plugin('second', [EVENT_STORE.as('x', asksFor()), A.as('two', asksFor())]);
      const remedy = 'Take one of the two plugins out, or let one provide another type.';
      expect(await reportOf(create([first, second]))).to.deep.equal([
        `RYNXS_PROVIDER_DUPLICATE: EVENT_STORE (x) is provided twice: by plugin first and by plugin second. ${remedy}`,
        `RYNXS_PROVIDER_DUPLICATE: TEST_A (two) is provided twice: by plugin first and by plugin second. ${remedy}`,
      ]);
    });

    it('a provider of what the kernel itself provides', async () => {
      const [error] = await errorsOf(create([plugin('rude', [LOGGER.as('mine', asksFor())])]));
      expect(error?.code).to.equal('RYNXS_PROVIDER_DUPLICATE');
      expect(error?.message).to.contain('by plugin kernel and by plugin rude');
    });

    it('two plugins of one id', async () => {
      expect(await reportOf(create([plugin('twin', []), plugin('twin', [])]))).to.deep.equal([
        'RYNXS_PLUGIN_DUPLICATE: two plugins have the id twin: twin and twin. Take one of them out of RYNXS_PLUGINS; an id must be unique.',
      ]);
      const [error] = await errorsOf(create([plugin('kernel', [])]));
      expect(error?.code).to.equal('RYNXS_PLUGIN_DUPLICATE');
    });

    it('a circle, with each plugin and token in it', async () => {
      const left = plugin('left', [A.as('l', asksFor(B))]);
      const right = plugin('right', [B.as('r', asksFor(A)), MANY.as('m', asksFor(B))]);
      expect(await reportOf(create([left, right]))).to.deep.equal([
        'RYNXS_PROVIDER_CYCLE: services require each other in a circle, so none can start first: right: TEST_B(r) → left: TEST_A(l) → right: TEST_B(r). This is a defect of these plugins: one of them must not require the next.',
      ]);
    });

    it('a contract version that it does not speak', async () => {
      expect(await reportOf(create([plugin('future', [], { apiVersion: 2 })]))).to.deep.equal([
        'RYNXS_PLUGIN_API_VERSION: plugin future was written for contract version 2; this kernel speaks 1 and 0. Install a version of future for this version of Rynxs, or the version of Rynxs that it needs.',
      ]);
    });

    it('a definition of the wrong shape, with all that is wrong', async () => {
      class Silent {
        constructor(readonly what: string) {}
      }
      const broken = {
        id: 'Not Kebab',
        provides: [{ type: 'x' }, { ...A.as('a', Silent as never) }, { ...A.as('', asksFor()) }],
        config: { size: { type: 'float', env: 'X', doc: 'X.' } },
      } as unknown as Plugin;
      const errors = await errorsOf(create([broken]));
      expect(errors.map(({ code, details }) => `${code} ${details.plugin}: ${details.detail}`)).to.deep.equal(
        [
          'RYNXS_PLUGIN_INVALID Not Kebab: its id is not in kebab-case',
          'RYNXS_PLUGIN_INVALID Not Kebab: a provider has no token',
          'RYNXS_PLUGIN_INVALID Not Kebab: its provider of TEST_A (a): the constructor of Silent has 1 parameters, but names 0 tokens (@inject or static inject)',
          'RYNXS_PLUGIN_INVALID Not Kebab: its provider of TEST_A has no type',
          'RYNXS_PLUGIN_INVALID Not Kebab: its setting size has the unknown type float',
          'RYNXS_PLUGIN_INVALID Not Kebab: it has no apiVersion',
        ],
      );
    });

    it('a token that differs from the one of the same name', async () => {
      const impostor: Token<object> = createToken<object>('TEST_MANY');
      const [error] = await errorsOf(
        create([plugin('honest', [MANY.as('x', asksFor())]), plugin('other', [impostor.as('y', asksFor())])]),
      );
      expect(error?.message).to.contain('its token TEST_MANY differs from the one of plugin honest');
    });

    it('settings that are required, but only of plugins that take part', async () => {
      const config = defineConfig({ url: { type: 'string', env: 'P_URL', required: true, doc: 'Where.' } });
      const idle = plugin('idle', [EVENT_STORE.as('idle', asksFor())], { config });
      await create([idle]);
      const errors = await errorsOf(create([idle], { env: { EVENT_STORE_TYPE: 'idle' } }));
      expect(errors.map(({ code, remedy }) => `${code}: ${remedy}`)).to.deep.equal([
        'RYNXS_CONFIG_MISSING: Set P_URL, or `idle.url` in rynxs.yaml.',
      ]);
    });

    it('everything that is wrong at once', async () => {
      const errors = await errorsOf(
        create(
          [
            plugin('needy', [MANY.as('n', asksFor(createToken('TEST_ABSENT')))]),
            plugin('left', [A.as('l', asksFor(B))]),
            plugin('right', [
              B.as('r', asksFor(A)),
              MANY.as('m', asksFor(B)),
              EVENT_STORE.as('file', asksFor()),
            ]),
            plugin('future', [], { apiVersion: 7 }),
            plugin('left', []),
          ],
          { env: { LOG_LEVEL: 'loud', TELEMETRY_TYPE: 'psychic' }, flags: { LOG_LEVLE: 'x' } },
        ),
      );
      expect(errors.map(({ code }) => code)).to.have.members([
        'RYNXS_CONFIG_INVALID',
        'RYNXS_CONFIG_UNKNOWN',
        'RYNXS_PLUGIN_API_VERSION',
        'RYNXS_PLUGIN_DUPLICATE',
        'RYNXS_PROVIDER_DUPLICATE',
        'RYNXS_PROVIDER_UNKNOWN_TYPE',
        'RYNXS_PROVIDER_MISSING',
        'RYNXS_PROVIDER_CYCLE',
      ]);
    });
  });

  it('takes a plugin of the contract version before, with a warning', async () => {
    const log = capturingLogger();
    await create([plugin('old', [], { apiVersion: 0 })], { overrides: { logger: log } });
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'warn: plugin old was written for contract version 0; the next major version of Rynxs will refuse it',
    ]);
  });

  it('describes the plugins: origin, what they provide, what is used, where they are configured', async () => {
    const config = defineConfig({ dir: { type: 'string', env: 'P_DIR', doc: 'Where.' } });
    const kernel = await create([plugin('p', [EVENT_STORE.as('mine', asksFor())], { config })], {
      env: { P_DIR: '/x', EVENT_STORE_TYPE: 'mine' },
    });
    const described = kernel.describe();
    expect(described.find(({ id }) => id === 'p')).to.deep.equal({
      id: 'p',
      apiVersion: 1,
      origin: { kind: 'built in', name: 'p' },
      loaded: true,
      provides: [{ token: 'EVENT_STORE', type: 'mine', selected: true, selectedBy: 'EVENT_STORE_TYPE' }],
      configuredBy: ['$P_DIR'],
    });
    const store = described
      .find(({ id }) => id === 'base')
      ?.provides.find(({ token }) => token === 'EVENT_STORE');
    expect(store?.selected).to.equal(false);
  });

  it('hides sensitive settings in every line of the log', async () => {
    const log = capturingLogger();
    const config = defineConfig({ key: { type: 'string', env: 'P_KEY', sensitive: true, doc: 'Key.' } });
    const kernel = await create([plugin('p', [], { config })], {
      env: { P_KEY: 'hunter22' },
      overrides: { logger: log },
    });
    kernel.logger.info('using hunter22', { nested: [{ note: 'hunter22!' }] });
    expect(JSON.stringify(log.lines)).not.to.contain('hunter22');
  });
});
