import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { CLUSTER } from '../contracts/cluster.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import type { Plugin } from '../contracts/plugin.js';
import { definePlugin } from '../contracts/plugin.js';
import { type RynxsError, RynxsErrors } from '../errors/rynxs-error.js';
import { capturingLogger } from '../testing/capturing-logger.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createKernel } from './create-kernel.js';
import type { Kernel, KernelOptions } from './kernel.js';

const kernelRoot = resolve(import.meta.dirname, '../..');
const base = definePlugin({
  id: 'base',
  apiVersion: 1,
  provides: [EVENT_STORE.as('file', class {} as never), CLUSTER.as('kubernetes', class {} as never)],
});

/** A plugin in plain JavaScript that provides an event store; `body` may add statements to the module. */
const source = (id: string, type: string, body = '') => `
import { CONFIG, definePlugin, EVENT_STORE, LOGGER } from '@rynxs/kernel';
${body}
class Store {
  static inject = [CONFIG, LOGGER];
  constructor(config, logger) { this.config = config; this.logger = logger; }
  location = 'test:${id}';
}
export default definePlugin({
  id: '${id}', apiVersion: 1, provides: [EVENT_STORE.as('${type}', Store)],
  config: { dir: { type: 'string', env: '${id.toUpperCase().replaceAll('-', '_')}_DIR', default: '/x', doc: 'Where.' } },
});
`;
const manifest = (types: readonly string[], apiVersion: unknown = 1) => ({
  apiVersion,
  provides: { EVENT_STORE: types },
});

describe('plugins in packages and files', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-plugins-'));
    await mkdir(join(directory, 'node_modules/@rynxs'), { recursive: true });
    await symlink(kernelRoot, join(directory, 'node_modules/@rynxs/kernel'));
  });
  after(() => rm(directory, { recursive: true }));

  const writePackage = async (path: string, json: object, code: string): Promise<void> => {
    await mkdir(join(directory, path), { recursive: true });
    await writeFile(join(directory, path, 'package.json'), JSON.stringify({ type: 'module', ...json }));
    await writeFile(join(directory, path, 'index.js'), code);
  };
  const create = (plugins: string, options: Partial<KernelOptions> = {}): Promise<Kernel> =>
    createKernel({
      plugins: [base],
      env: { RYNXS_PLUGINS: plugins, TELEMETRY_TYPE: 'none' },
      directory,
      overrides: { logger: capturingLogger() },
      ...options,
    });
  const selecting = (plugins: string, type: string): Promise<Kernel> =>
    create(plugins, { env: { RYNXS_PLUGINS: plugins, TELEMETRY_TYPE: 'none', EVENT_STORE_TYPE: type } });
  const errorsOf = async (kernel: Promise<Kernel>): Promise<readonly RynxsError[]> => {
    const outcome = await kernel.catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(RynxsErrors);
    return (outcome as RynxsErrors).errors;
  };
  const storeOf = async (kernel: Kernel): Promise<string> => {
    await kernel.start(new AbortController().signal);
    const { location } = kernel.get(EVENT_STORE);
    await kernel.stop();
    return location;
  };

  it('are loaded from an installed package', async () => {
    const json = {
      name: 'rynxs-a',
      version: '1.2.3',
      exports: { '.': { import: './index.js' } },
      rynxs: manifest(['a']),
    };
    await writePackage('node_modules/rynxs-a', json, source('store-a', 'a'));
    const kernel = await selecting('rynxs-a', 'a');
    expect(await storeOf(kernel)).to.equal('test:store-a');
    expect(kernel.describe().find(({ id }) => id === 'store-a')?.origin).to.deep.equal({
      kind: 'package',
      name: 'rynxs-a',
      version: '1.2.3',
    });
  });

  it('are loaded from a directory and from a file, by path', async () => {
    await writePackage('plugin-b', { main: 'index.js', rynxs: manifest(['b']) }, source('store-b', 'b'));
    await writeFile(join(directory, 'store-c.mjs'), source('store-c', 'c'));
    const both = `./plugin-b, ${join(directory, 'store-c.mjs')}`;
    expect(await storeOf(await selecting(both, 'b'))).to.equal('test:store-b');
    expect(await storeOf(await selecting(both, 'c'))).to.equal('test:store-c');
  });

  it('get their configuration from the section of their id', async () => {
    const configFile = join(directory, 'rynxs.yaml');
    await writeFile(
      configFile,
      'kernel:\n  plugins: [./store-c.mjs]\n  eventStoreType: c\nstore-c:\n  dir: /data\n',
    );
    const kernel = await create('', { configFile, env: { TELEMETRY_TYPE: 'none' } });
    await kernel.start(new AbortController().signal);
    expect(kernel.get(EVENT_STORE)).to.deep.include({ config: { dir: '/data' } });
    await kernel.stop();
  });

  it('are not there: the package or path is named', async () => {
    const errors = await errorsOf(create('rynxs-absent,./absent.js,./node_modules'));
    expect(errors.map(({ code, message }) => `${code}: ${message.replaceAll(directory, '')}`)).to.deep.equal([
      'RYNXS_PLUGIN_NOT_FOUND: plugin rynxs-absent is not there: no such package is installed for ',
      "RYNXS_PLUGIN_NOT_FOUND: plugin ./absent.js is not there: ENOENT: no such file or directory, stat '/absent.js'",
      'RYNXS_PLUGIN_NOT_FOUND: plugin ./node_modules is not there: the directory has no package.json',
    ]);
  });

  it('throw while they load: the cause is kept, and what they would provide is not reported as missing too', async () => {
    const json = { name: 'rynxs-d', exports: './index.js', rynxs: manifest(['d']) };
    await writePackage('node_modules/rynxs-d', json, source('store-d', 'd', 'throw new RangeError("boom");'));
    const errors = await errorsOf(selecting('rynxs-d', 'd'));
    expect(errors.map(({ code, message }) => `${code}: ${message}`)).to.deep.equal([
      'RYNXS_PLUGIN_LOAD_FAILED: plugin rynxs-d failed while it was loaded: boom',
    ]);
    expect(errors[0]?.cause).to.be.instanceOf(RangeError);
  });

  it('are slow to load: the plugin is named after START_TIMEOUT', async () => {
    const clock = new FakeClock();
    const json = { name: 'rynxs-e', exports: './index.js', rynxs: manifest(['e']) };
    await writePackage('node_modules/rynxs-e', json, source('store-e', 'e'));
    const load = (): Promise<never> => new Promise(() => {});
    const failed = errorsOf(create('rynxs-e', { load, overrides: { clock, logger: capturingLogger() } }));
    await clock.waitForTimers(1);
    await clock.advance(30_000);
    expect((await failed).map(({ code, message }) => `${code}: ${message}`)).to.deep.equal([
      'RYNXS_PLUGIN_LOAD_TIMEOUT: plugin rynxs-e was not loaded within 30000 ms',
    ]);
  });

  it('of another contract version are refused by their manifest, without being loaded', async () => {
    const json = { name: 'rynxs-f', exports: './index.js', rynxs: manifest(['f'], 9) };
    await writePackage('node_modules/rynxs-f', json, source('store-f', 'f', 'throw new Error("loaded");'));
    const [error, ...others] = await errorsOf(selecting('rynxs-f', 'f'));
    expect(error?.code).to.equal('RYNXS_PLUGIN_API_VERSION');
    expect(error?.message).to.contain('plugin rynxs-f was written for contract version 9');
    expect(others).to.deep.equal([]);
  });

  it('must be what their manifest says', async () => {
    const json = { name: 'rynxs-g', exports: './index.js', rynxs: manifest(['other']) };
    await writePackage('node_modules/rynxs-g', json, source('store-g', 'g'));
    const errors = await errorsOf(create('rynxs-g'));
    expect(errors.map(({ details }) => details.detail)).to.deep.equal([
      'its package.json announces EVENT_STORE (other), which it does not provide',
      'it provides EVENT_STORE (g), which its package.json does not announce under rynxs.provides',
    ]);
  });

  it('must have a manifest that can be read, and a default export', async () => {
    await writePackage('node_modules/rynxs-h', { name: 'rynxs-h' }, '');
    await writePackage('node_modules/rynxs-i', { name: 'rynxs-i', rynxs: { provides: [] } }, '');
    await writeFile(join(directory, 'empty.mjs'), 'export const nothing = 1;');
    const errors = await errorsOf(create('rynxs-h,rynxs-i,./empty.mjs'));
    expect(errors.map(({ code, details }) => `${code} ${details.plugin}: ${details.detail}`)).to.deep.equal([
      'RYNXS_PLUGIN_INVALID rynxs-h: its package.json has no `rynxs` manifest',
      'RYNXS_PLUGIN_NOT_FOUND rynxs-i: `rynxs` in its package.json must be {"apiVersion": number, "provides": {"TOKEN": ["type"]}}',
      'RYNXS_PLUGIN_INVALID ./empty.mjs: its module has no default export made by definePlugin',
    ]);
  });

  it('that are installed but not listed are named when their type is selected', async () => {
    const json = { name: '@third/rynxs-redis', exports: './index.js', rynxs: manifest(['redis']) };
    await writePackage('node_modules/@third/rynxs-redis', json, source('store-redis', 'redis'));
    const [error] = await errorsOf(selecting('', 'redis'));
    expect(error?.code).to.equal('RYNXS_PROVIDER_UNKNOWN_TYPE');
    expect(error?.remedy).to.equal(
      'The package @third/rynxs-redis is installed and provides it: add it to RYNXS_PLUGINS.',
    );
  });

  it('that are part of Rynxs but not installed are named when their type is selected', async () => {
    const env = { CLUSTER_TYPE: 'embedded', TELEMETRY_TYPE: 'none' };
    const [error] = await errorsOf(create('', { env }));
    expect(error?.remedy).to.contain('@rynxs/dev-cluster');
  });

  describe('given by the program', () => {
    const from = () => pathToFileURL(join(directory, 'main.js')).href;

    it('are loaded only when their manifest says that they are needed', async () => {
      const json = { name: 'rynxs-j', version: '2.0.0', exports: './index.js', rynxs: manifest(['j']) };
      await writePackage('node_modules/rynxs-j', json, source('rynxs-j', 'j'));
      const plugins = [base, { package: 'rynxs-j', from: from() }];
      const loads: string[] = [];
      const load = (url: string): Promise<unknown> => {
        loads.push(url);
        return import(url);
      };
      const env = { TELEMETRY_TYPE: 'none' };
      const idle = await create('', { plugins, load, env });
      expect(loads).to.deep.equal([]);
      expect(idle.describe().find(({ id }) => id === 'rynxs-j')).to.deep.include({
        loaded: false,
        origin: { kind: 'built in', name: 'rynxs-j', version: '2.0.0' },
        provides: [{ token: 'EVENT_STORE', type: 'j', selected: false }],
      });
      const used = await create('', { plugins, load, env: { ...env, EVENT_STORE_TYPE: 'j' } });
      expect(loads).to.have.length(1);
      expect(await storeOf(used)).to.equal('test:rynxs-j');
    });

    it('are loaded also when something sets one of their settings', async () => {
      const plugins = [base, { package: 'rynxs-j', from: from() }];
      const configFile = join(directory, 'rynxs.yaml');
      await writeFile(configFile, 'rynxs-j:\n  dir: /somewhere\n');
      const kernel = await create('', { plugins, configFile });
      expect(kernel.configuration.print().find(({ path }) => path === 'rynxs-j.dir')?.value).to.equal(
        '/somewhere',
      );
      await writeFile(configFile, 'rynxs-j:\n  dirs: /somewhere\n');
      const [error] = await errorsOf(create('', { plugins, configFile }));
      expect(error?.remedy).to.contain('Did you mean rynxs-j.dir');
    });

    it('are known types of their token even when they are not loaded', async () => {
      const plugins = [base, { package: 'rynxs-j', from: from() }];
      const [error] = await errorsOf(
        create('', { plugins, env: { EVENT_STORE_TYPE: 'x', TELEMETRY_TYPE: 'none' } }),
      );
      expect(error?.message).to.contain('known: file, j');
    });

    it('are named when they are not installed', async () => {
      const [error] = await errorsOf(
        create('', { plugins: [base, { package: 'rynxs-gone', from: from() }] }),
      );
      expect(error?.message).to.equal('plugin rynxs-gone is not there: the package is not installed');
    });
  });

  it('work with another copy of the kernel than the host', async () => {
    const copy = join(directory, 'elsewhere/node_modules/@rynxs/kernel');
    await mkdir(copy, { recursive: true });
    await cp(join(kernelRoot, 'dist'), join(copy, 'dist'), { recursive: true });
    await cp(join(kernelRoot, 'package.json'), join(copy, 'package.json'));
    const modules = resolve(kernelRoot, '../node_modules');
    for (const name of ['reflect-metadata', 'tsyringe', 'tslib', 'pino', 'yaml', 'convict']) {
      await symlink(join(modules, name), join(directory, 'elsewhere/node_modules', name));
    }
    await symlink(join(modules, '@rynxs/log'), join(directory, 'elsewhere/node_modules/@rynxs/log'));
    const decorated = `
      import { CLOCK, EVENT_STORE, definePlugin, inject, injectable } from '@rynxs/kernel';
      class Store { constructor(clock) { this.location = 'copy:' + typeof clock.now(); } }
      inject(CLOCK)(Store, undefined, 0);
      injectable()(Store);
      export { EVENT_STORE };
      export default definePlugin({ id: 'copy', apiVersion: 1, provides: [EVENT_STORE.as('copy', Store)] });
    `;
    await writeFile(join(directory, 'elsewhere/plugin.mjs'), decorated);
    const kernel = await selecting('./elsewhere/plugin.mjs', 'copy');
    expect(await storeOf(kernel)).to.equal('copy:number');
    const copied = (await import(pathToFileURL(join(directory, 'elsewhere/plugin.mjs')).href)) as {
      default: Plugin;
      EVENT_STORE: typeof EVENT_STORE;
    };
    expect(copied.EVENT_STORE).not.to.equal(EVENT_STORE);
    expect(copied.EVENT_STORE.symbol).to.equal(EVENT_STORE.symbol);
  });
});
