import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, type Ended, ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';

/** What scripts/lib/packed-packages.mjs makes. */
interface Packed {
  readonly packages: readonly {
    readonly name: string;
    readonly tarball: string;
    readonly files: readonly string[];
  }[];
  remove(): void;
}

/** What the test kit wants of its users, who have them anyway. */
const TEST_TOOLS = ['mocha', 'chai', 'fast-check', '@types/mocha', '@types/node'];

/** A test as somebody else writes one for a plugin. */
const PLUGIN_TEST = `
import { EVENT_STORE, type Plugin } from '@rynxs/kernel';
import { eventStoreSuite, MemoryStorage, memoryEventStore, startTestKernel } from '@rynxs/kernel/testing';
import { recordParts } from '@rynxs/log';

eventStoreSuite({
  name: 'memory',
  create: () => {
    const storage = new MemoryStorage();
    return { open: () => memoryEventStore(storage), isExclusive: true, dispose: async () => {} };
  },
});

describe('a plugin', () => {
  it('is started with fakes around it', async () => {
    const plugins: readonly Plugin[] = [];
    await using kernel = await startTestKernel({ plugins });
    if (kernel.get(EVENT_STORE).location === '') throw new Error('no location');
    if (recordParts(new Uint8Array()) !== undefined) throw new Error('nothing has no parts');
  });
});
`;

/** The packages as they would be published, installed by somebody who has nothing else of Rynxs. */
describe('the published packages', function () {
  // Some 160 packages are fetched, or taken from what npm has kept.
  this.timeout(400_000);
  let packed: Packed;
  let project: TestDirectory;

  before(async () => {
    const { packWorkspaces } = (await import(
      pathToFileURL(join(ROOT, 'scripts/lib/packed-packages.mjs')).href
    )) as { packWorkspaces(root: string): Packed };
    packed = packWorkspaces(ROOT);
    project = new TestDirectory();
    writeFileSync(join(project.path, 'package.json'), '{"private": true, "type": "module"}\n');
    const { code, stdout, stderr } = await run('npm', [
      'install',
      ...['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'],
      ...packed.packages.map(({ tarball }) => tarball),
    ]);
    expect(code, stdout + stderr).to.equal(0);
    // Types of Node come with one of the packages.
    for (const name of TEST_TOOLS.filter((tool) => !existsSync(inProject(tool)))) {
      mkdirSync(dirname(inProject(name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), inProject(name));
    }
  });

  after(() => {
    packed?.remove();
    project?.[Symbol.dispose]();
  });

  it('are all of them there, each with its terms and a word on itself', () => {
    expect(packed.packages.map(({ name }) => name)).to.include.members([
      'rynxs',
      '@rynxs/kernel',
      '@rynxs/log',
    ]);
    expect(packed.packages).to.have.length(10);
    for (const { name, files } of packed.packages) {
      expect(files, name).to.include.members(['LICENSE', 'README.md', 'package.json']);
    }
  });

  it('are installed once each', () => {
    const copies = readdirSync(join(project.path, 'node_modules'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((path) => /(^|\/)@rynxs\/(kernel|log)$/.test(path));
    expect(copies.sort()).to.deep.equal(['@rynxs/kernel', '@rynxs/log']);
  });

  it('have the command', async () => {
    const { code, stdout } = await run('node_modules/.bin/rynxs', ['--version']);
    expect([code, stdout]).to.deep.equal([0, '0.1.0\n']);
  });

  it('run an agent on the embedded cluster', async () => {
    const { code, stdout, stderr } = await run('node_modules/.bin/rynxs', [
      ...['dev', ...ANY_PORTS, '--once', '--output', 'json', BASIC_AGENT],
    ]);
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ ready: true, verified: true });
  });

  it('have a test kit that works, with types', async () => {
    writeFileSync(join(project.path, 'plugin.test.ts'), PLUGIN_TEST);
    const compiled = await run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...['--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--module', 'nodenext', '--strict'],
      ...['--types', 'node,mocha', 'plugin.test.ts'],
    ]);
    expect(compiled.code, compiled.stdout).to.equal(0);
    const { code, stdout, stderr } = await run(process.execPath, [
      inProject('mocha/bin/mocha.js'),
      '--timeout',
      '20000',
      'plugin.test.js',
    ]);
    expect(code, stdout + stderr).to.equal(0);
    expect(stdout).to.match(/is started with fakes around it[\s\S]*\b\d\d+ passing/);
  });

  function inProject(name: string): string {
    return join(project.path, 'node_modules', name);
  }

  async function run(command: string, args: readonly string[]): Promise<Ended> {
    // npm goes by settings of the user and of whoever runs this, and keeps what it has fetched.
    const settings = Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const env = command === 'npm' ? Object.fromEntries(settings) : { HOME: project.path };
    await using child = new RynxsProcess([command, ...args], project.path, env);
    return await child.ended();
  }
});
