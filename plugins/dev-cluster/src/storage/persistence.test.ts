import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasCode, type RynxsError } from '@rynxs/kernel';
import { expect } from 'chai';
import { createRegistry } from '../resources/registry.js';
import { CONFIG_MAPS, NAMESPACES } from '../resources/types.js';
import { startEmbeddedCluster } from '../start-embedded-cluster.js';
import { TestCluster, widgetDefinition } from '../testing/test-cluster.test.js';
import { lockDirectory } from './directory-lock.js';
import { Journal } from './journal.js';
import { asKubernetesObject } from './json.js';
import { ObjectStorage } from './object-storage.js';

describe('state in a directory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rynxs-state-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const file = () => join(dir, 'objects.jsonl');

  it('is there again after a restart: objects, resource versions, the identity of the cluster', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const widgets = '/apis/example.org/v1/namespaces/default/widgets';
    const first = await TestCluster.start({ dir });
    await first.ok(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      widgetDefinition({ type: 'object' }),
    );
    const kept = await first.ok('POST', path, { metadata: { name: 'kept' }, data: { a: 'b' } });
    const widget = await first.ok('POST', widgets, { metadata: { name: 'w' }, spec: {} });
    await first.ok('POST', path, { metadata: { name: 'deleted' } });
    await first.ok('DELETE', `${path}/deleted`);
    const system = await first.ok('GET', '/api/v1/namespaces/kube-system');
    const version = first.server.storage.resourceVersion;
    await first[Symbol.asyncDispose]();

    const second = await TestCluster.start({ dir });
    try {
      expect(await second.ok('GET', `${path}/kept`)).to.deep.equal(kept);
      expect(await second.ok('GET', `${widgets}/w`)).to.deep.equal(widget);
      expect((await second.call('GET', `${path}/deleted`)).code).to.equal(404);
      expect(await second.ok('GET', '/api/v1/namespaces/kube-system')).to.deep.equal(system);
      expect(second.server.storage.resourceVersion).to.be.at.least(version);
      const watch = await second.watch(`${path}?watch=true&resourceVersion=${version - 1}`);
      expect((await watch.next())?.object).to.include({ code: 410 });
    } finally {
      await second[Symbol.asyncDispose]();
    }
  });

  it('holds every acknowledged write after kill -9', async function () {
    this.timeout(20_000);
    const process = startWriter(dir);
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: process.stdout! })) {
      acknowledged.push(line);
      if (acknowledged.length === 200) process.kill('SIGKILL');
    }
    const server = await startEmbeddedCluster({ dir, nodeEnabled: false });
    const names = new Set(server.storage.list(CONFIG_MAPS).map((object) => object.metadata.name));
    await server.close();
    expect(acknowledged.length).to.be.at.least(200);
    expect(acknowledged.filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it('drops a torn last line, wherever it was cut', () => {
    const { storage, journal } = open(dir);
    for (const name of ['a', 'b']) create(storage, name);
    const whole = statSync(file()).size;
    create(storage, 'torn');
    journal[Symbol.dispose]();
    const bytes = readFileSync(file());
    for (let size = whole + 1; size < bytes.length; size += 37) {
      writeFileSync(file(), bytes);
      truncateSync(file(), size);
      const again = open(dir);
      expect(again.storage.list(CONFIG_MAPS).map((object) => object.metadata.name)).to.deep.equal(['a', 'b']);
      create(again.storage, 'next');
      again.journal[Symbol.dispose]();
      const third = open(dir);
      third.journal[Symbol.dispose]();
      expect(third.storage.count(CONFIG_MAPS)).to.equal(3);
    }
  });

  it('refuses damage in the middle, names the line, and changes nothing', () => {
    const { storage, journal } = open(dir);
    create(storage, 'a');
    journal[Symbol.dispose]();
    const lines = readFileSync(file(), 'utf8').split('\n');
    for (const [bad, line] of [
      [['not json', ...lines.slice(1)], 1],
      [['{"format":"other"}', ...lines.slice(1)], 1],
      [[...lines.slice(0, 1), '{}', ...lines.slice(1)], 2],
      [[...lines.slice(0, 2), '{"put":', ...lines.slice(2)], 3],
    ] as const) {
      const damaged = bad.join('\n');
      writeFileSync(file(), damaged);
      const error = thrown(() => Journal.open(dir, fail));
      expect(hasCode(error, 'RYNXS_DEV_CLUSTER_DAMAGED')).to.equal(true);
      expect((error as RynxsError).details).to.include({ line });
      expect(readFileSync(file(), 'utf8')).to.equal(damaged);
    }
  });

  it('stays small: what is old is dropped', () => {
    const { storage, journal } = open(dir);
    const data = { blob: 'x'.repeat(100_000) };
    let object = storage.create(
      CONFIG_MAPS,
      asKubernetesObject({ metadata: { name: 'a', namespace: 'default' }, data }),
    );
    for (let round = 0; round < 200; round += 1) {
      object = storage.update(
        CONFIG_MAPS,
        asKubernetesObject({ ...object, data: { ...data, round: String(round) } } as never),
      );
    }
    const version = storage.resourceVersion;
    journal[Symbol.dispose]();
    expect(statSync(file()).size).to.be.lessThan(5 * 1024 * 1024);
    const again = open(dir);
    expect(again.storage.get(CONFIG_MAPS, object.metadata)).to.deep.equal(object);
    expect(again.storage.resourceVersion).to.equal(version);
    again.journal[Symbol.dispose]();
  });

  it('forgets what was deleted, but not how far it had counted, when it drops what is old', () => {
    const { storage, journal } = open(dir);
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      const data = { blob: name.repeat(900_000) };
      storage.create(CONFIG_MAPS, asKubernetesObject({ metadata: { name, namespace: 'default' }, data }));
    }
    const full = statSync(file()).size;
    // A deletion is what makes the file shrink: nothing after it then tells the newest resource version.
    while (statSync(file()).size >= full)
      storage.delete(CONFIG_MAPS, { namespace: 'default', name: names.pop() ?? '' });
    const version = storage.resourceVersion;
    journal[Symbol.dispose]();
    const again = open(dir);
    expect(again.storage.list(CONFIG_MAPS).map((object) => object.metadata.name)).to.deep.equal(names);
    expect(again.storage.resourceVersion).to.equal(version);
    again.journal[Symbol.dispose]();
  });

  it('refuses a write that the disk does not take, and leaves no part of it behind', () => {
    let space = Number.POSITIVE_INFINITY;
    const { storage, journal } = open(dir, (descriptor, bytes) => {
      writeSync(descriptor, bytes.subarray(0, space));
      if (space < bytes.length) throw new Error('ENOSPC');
    });
    create(storage, 'a');
    space = 20;
    expect(() => create(storage, 'b')).to.throw('ENOSPC');
    expect(storage.count(CONFIG_MAPS)).to.equal(1);
    space = Number.POSITIVE_INFINITY;
    create(storage, 'c');
    journal[Symbol.dispose]();
    const again = open(dir);
    expect(again.storage.list(CONFIG_MAPS).map((object) => object.metadata.name)).to.deep.equal(['a', 'c']);
    again.journal[Symbol.dispose]();
  });

  it('goes on when the file cannot be made smaller, and says so', () => {
    const problems: unknown[] = [];
    mkdirSync(join(dir, 'objects.jsonl.tmp'));
    const { storage, journal } = open(dir, undefined, (error) => problems.push(error));
    for (let round = 0; round < 8; round += 1) {
      const data = { blob: String(round).repeat(900_000) };
      const metadata = { name: 'a', namespace: 'default' };
      if (round === 0) storage.create(CONFIG_MAPS, asKubernetesObject({ metadata, data }));
      else storage.update(CONFIG_MAPS, asKubernetesObject({ metadata, data }));
    }
    journal[Symbol.dispose]();
    expect(problems).to.have.length(1);
    const again = open(dir);
    expect(again.storage.list(CONFIG_MAPS)).to.deep.equal(storage.list(CONFIG_MAPS));
    again.journal[Symbol.dispose]();
  });

  it('belongs to one process: the second one is told who has it', async () => {
    const lock = await lockDirectory(dir);
    try {
      const error = await startEmbeddedCluster({ dir, nodeEnabled: false }).catch(
        (reason: unknown) => reason,
      );
      expect(hasCode(error, 'RYNXS_DEV_CLUSTER_LOCKED')).to.equal(true);
      expect((error as RynxsError).message).to.contain(`process ${process.pid}`);
      expect((error as RynxsError).remedy).to.contain('EMBEDDED_CLUSTER_DIR');
    } finally {
      lock[Symbol.dispose]();
    }
    (await lockDirectory(dir))[Symbol.dispose]();
  });

  it('is free again when its process was killed', async function () {
    this.timeout(20_000);
    const other = startWriter(dir);
    await new Promise((resolve) => other.stdout!.once('data', resolve));
    const refused = await lockDirectory(dir).catch((error: unknown) => error);
    expect((refused as RynxsError).message).to.contain(`process ${other.pid}`);
    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    (await lockDirectory(dir))[Symbol.dispose]();
  });

  it('says so when the directory cannot be used', async () => {
    const blocked = join(dir, 'file');
    appendFileSync(blocked, '');
    const error = await startEmbeddedCluster({ dir: join(blocked, 'sub'), nodeEnabled: false }).catch(
      (reason: unknown) => reason,
    );
    expect(hasCode(error, 'RYNXS_DEV_CLUSTER_DIRECTORY')).to.equal(true);
  });
});

/** A process that starts a cluster in `dir` and writes without pause, naming each object that was acknowledged. */
function startWriter(dir: string): ChildProcess {
  const script = `
    import { startEmbeddedCluster } from ${JSON.stringify(new URL('../start-embedded-cluster.js', import.meta.url).href)};
    const server = await startEmbeddedCluster({ dir: ${JSON.stringify(dir)}, nodeEnabled: false });
    const type = ${JSON.stringify(CONFIG_MAPS)};
    for (let index = 0; ; index += 1) {
      server.storage.create(type, { metadata: { name: 'c' + index, namespace: 'default' } });
      process.stdout.write('c' + index + '\\n');
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function open(
  dir: string,
  write?: (descriptor: number, bytes: Buffer) => void,
  onProblem: (error: unknown) => void = fail,
) {
  const { journal, state } = Journal.open(dir, onProblem, write);
  const storage = new ObjectStorage({
    definitions: createRegistry({ protectsClaims: false, timestamp: () => '2026-01-01T00:00:00Z' }),
    sink: journal,
    initial: { resourceVersion: state.resourceVersion, objects: state.objects.values() },
  });
  if (storage.get(NAMESPACES, { name: 'default' }) === undefined) {
    storage.create(NAMESPACES, asKubernetesObject({ metadata: { name: 'default' } }));
  }
  return { storage, journal };
}

function create(storage: ObjectStorage, name: string) {
  return storage.create(
    CONFIG_MAPS,
    asKubernetesObject({ metadata: { name, namespace: 'default' }, data: { text: 'x'.repeat(200) } }),
  );
}

function fail(error: unknown): never {
  throw error;
}

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
