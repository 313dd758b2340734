import type { ServerResponse } from 'node:http';
import type { KubernetesObject } from '@rynxs/kernel';
import { answerJson, type ReceivedRequest, statusObject } from './scripted-server.js';

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
}

interface Watcher {
  readonly response: ServerResponse;
  sentUpTo: number;
}

/** ConfigMaps as an API server lists and watches them: versions, pages, a history that can be forgotten. */
export class WatchedCollection {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #history: Change[] = [];
  readonly #watchers = new Set<Watcher>();
  #version: number;
  #forgottenUpTo = 0;
  /** Versions at which lists were asked for, and watches opened. */
  listCount = 0;
  /** How often somebody asked what the version is, by a page of one object. */
  comparisonCount = 0;
  readonly watchedFrom: string[] = [];

  constructor(firstVersion = 100) {
    this.#version = firstVersion;
  }

  get version(): string {
    return String(this.#version);
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  get objects(): ReadonlyMap<string, KubernetesObject> {
    return this.#objects;
  }

  /** Makes or changes an object; returns it. */
  put(name: string, data: Readonly<Record<string, string>>, metadata: object = {}): KubernetesObject {
    const previous = this.#objects.get(name);
    this.#version += 1;
    const object: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: 'default',
        uid: previous?.metadata.uid ?? `uid-${name}-${this.#version}`,
        ...metadata,
        resourceVersion: this.version,
      },
      data,
    };
    this.#objects.set(name, object);
    this.#record({ type: previous === undefined ? 'ADDED' : 'MODIFIED', object });
    return object;
  }

  delete(name: string): void {
    const object = this.#objects.get(name);
    if (object === undefined) throw new Error(`there is no ${name}`);
    this.#version += 1;
    this.#objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: this.version };
    this.#record({ type: 'DELETED', object: { ...object, metadata } });
  }

  /** Tells all watchers how far the collection has come. */
  bookmark(): void {
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: this.version } };
    for (const watcher of this.#watchers) watcher.response.write(line({ type: 'BOOKMARK', object }));
  }

  /** Moves the version on without a change here, as writes to other resources do. */
  skipVersions(count: number): void {
    this.#version += count;
  }

  /** Goes back to an earlier version and other objects, as a store does that is restored from a backup. */
  restore(version: number, objects: readonly KubernetesObject[]): void {
    this.#version = version;
    this.#history.length = 0;
    this.#objects.clear();
    for (const object of objects) this.#objects.set(object.metadata.name, object);
  }

  /** Forgets all changes so far: who watches from before gets 410. */
  forget(): void {
    this.#forgottenUpTo = this.#version;
  }

  /** Ends all watches: cleanly, or by a reset in the middle of a line. */
  endWatches(how: 'end' | 'reset' | 'half a line'): void {
    for (const { response } of [...this.#watchers]) {
      if (how === 'end') response.end();
      else if (how === 'reset') response.socket?.resetAndDestroy();
      else response.write('{"type":"MODIFIED","object":{"meta', () => response.socket?.destroy());
    }
    this.#watchers.clear();
  }

  /** Writes raw bytes to all watchers. */
  write(text: string): void {
    for (const { response } of this.#watchers) response.write(text);
  }

  answer(request: ReceivedRequest, response: ServerResponse): void {
    if (request.query.get('watch') === 'true') this.#watch(request, response);
    else this.#list(request, response);
  }

  #list(request: ReceivedRequest, response: ServerResponse): void {
    const limit = Number(request.query.get('limit') ?? 0);
    if (limit === 1) this.comparisonCount += 1;
    else this.listCount += 1;
    const [version = this.version, offset = '0'] = (request.query.get('continue') ?? '')
      .split('@')
      .filter(Boolean);
    if (Number(version) < this.#forgottenUpTo) {
      answerJson(response, 410, statusObject(410, 'Expired', 'The provided continue parameter is too old'));
      return;
    }
    const all = [...this.#objects.values()].map(({ apiVersion: _apiVersion, kind: _kind, ...item }) => item);
    const end = limit === 0 ? all.length : Number(offset) + limit;
    const next = end < all.length ? { continue: `${version}@${end}` } : {};
    answerJson(response, 200, {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: version, ...next },
      items: all.slice(Number(offset), end),
    });
  }

  #watch(request: ReceivedRequest, response: ServerResponse): void {
    const from = request.query.get('resourceVersion') ?? '';
    this.watchedFrom.push(from);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (Number(from) < this.#forgottenUpTo) {
      response.end(
        line({ type: 'ERROR', object: statusObject(410, 'Expired', `too old resource version: ${from}`) }),
      );
      return;
    }
    const watcher: Watcher = { response, sentUpTo: Number(from) };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    this.#send(watcher);
  }

  #record(change: Change): void {
    this.#history.push(change);
    for (const watcher of this.#watchers) this.#send(watcher);
  }

  #send(watcher: Watcher): void {
    for (const change of this.#history) {
      const version = Number(change.object.metadata.resourceVersion);
      if (version <= watcher.sentUpTo) continue;
      watcher.sentUpTo = version;
      watcher.response.write(line(change));
    }
  }
}

function line(event: object): string {
  return `${JSON.stringify(event)}\n`;
}
