import type { ServerResponse } from 'node:http';
import type { KubernetesObject } from '@rynxs/kernel';
import type { ServedResource } from '../resources/registry.js';
import type { Change } from '../storage/change-history.js';
import { encodedObject } from '../storage/encoded-object.js';
import { asJson } from '../storage/json.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { expired, invalidOptions, StatusError } from '../storage/status-error.js';
import type { FaultEffect, Faults } from './faults.js';
import { type Form, representedJson, shownObject } from './representation.js';
import { type ObjectFilter, passes } from './selectors.js';

/** A watch whose client reads more slowly than this much lies unsent is ended; the client resumes. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
const BOOKMARK_INTERVAL_MS = 60_000;
/** How long a watch lasts that names no time-out: at random within half an hour to an hour. */
const MIN_TIMEOUT_MS = 30 * 60_000;

export interface WatchOptions {
  readonly storage: ObjectStorage;
  readonly served: ServedResource;
  readonly filter: ObjectFilter;
  readonly form: Form;
  readonly includeObject: string;
  readonly query: URLSearchParams;
  readonly faults: Faults;
  readonly effect: FaultEffect | undefined;
  readonly now: () => number;
}

/** Answers a watch: a stream of events, one per line, until the time-out, the client or the server ends it. */
export function serveWatch(response: ServerResponse, options: WatchOptions): void {
  const { storage, served, query } = options;
  const bookmarks = query.get('allowWatchBookmarks') === 'true';
  const initialEvents = query.get('sendInitialEvents');
  checkInitialEvents(query, initialEvents);
  const fromVersion = parseVersion(query.get('resourceVersion'));
  if (typeof fromVersion === 'string') throw new StatusError(500, '', fromVersion);

  const wantsState = initialEvents === null ? fromVersion === 0 : initialEvents === 'true';
  const fromNow = fromVersion === 0 && !wantsState;
  const missed = wantsState || fromNow ? [] : storage.changesSince(served.definition.type, fromVersion);
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, private',
  });
  response.flushHeaders();
  if (missed === undefined || options.effect?.kind === 'gone') {
    const error = expired(`too old resource version: ${fromVersion} (${storage.resourceVersion})`);
    response.end(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`);
    return;
  }
  const watch = new OpenWatch(response, options, bookmarks);
  if (wantsState) {
    for (const object of storage.list(served.definition.type, options.filter.namespace))
      watch.present(object);
    if (initialEvents === 'true' && bookmarks) watch.bookmark({ 'k8s.io/initial-events-end': 'true' });
  }
  for (const change of missed) watch.change(change);
  watch.follow(fromVersion);
}

/** Reads a resource version; absent and "0" are 0. What is none gives the complaint about it. */
export function parseVersion(text: string | null): number | string {
  if (text === null || text === '') return 0;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  const quoted = JSON.stringify(text);
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
}

export function tooLarge(asked: number, current: number): StatusError {
  return new StatusError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  );
}

function checkInitialEvents(query: URLSearchParams, initialEvents: string | null): void {
  const match = query.get('resourceVersionMatch');
  const field = 'resourceVersionMatch';
  const forbid = (detail: string) =>
    invalidOptions('ListOptions', [
      { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field },
    ]);
  if (initialEvents === null && match !== null) {
    throw forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  if (initialEvents !== null && match !== 'NotOlderThan') {
    throw forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
}

const LINE_END = Buffer.from('}\n');

class OpenWatch {
  readonly #response: ServerResponse;
  readonly #options: WatchOptions;
  readonly #subscriptions: Disposable[] = [];
  readonly #unsent: Buffer[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #cutAfterEvents: number;
  #sent = 0;
  #lastVersion = 0;
  #ended = false;

  constructor(response: ServerResponse, options: WatchOptions, bookmarks: boolean) {
    this.#response = response;
    this.#options = options;
    const { effect, query } = options;
    this.#cutAfterEvents =
      effect?.kind === 'drop-watch' ? (effect.afterEvents ?? 0) : Number.POSITIVE_INFINITY;
    response.on('close', () => this.#release());
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    const timeoutMs = seconds > 0 ? seconds * 1000 : MIN_TIMEOUT_MS * (1 + Math.random());
    const timer = setTimeout(() => this.#end(), Math.min(timeoutMs, 2 ** 31 - 1)).unref();
    this.#subscriptions.push({ [Symbol.dispose]: () => clearTimeout(timer) });
    if (bookmarks) {
      const interval = setInterval(() => this.bookmark(), BOOKMARK_INTERVAL_MS).unref();
      this.#subscriptions.push({ [Symbol.dispose]: () => clearInterval(interval) });
    }
    this.#subscriptions.push(options.faults.watching(() => this.#cut()));
  }

  /** Shows an object that was there before the watch began. */
  present(object: KubernetesObject): void {
    if (passes(this.#options.filter, asJson(object))) this.#write('ADDED', object);
  }

  /** Passes a change on, as the filter makes it appear. */
  change(change: Change): void {
    const { filter } = this.#options;
    const matches = passes(filter, asJson(change.object));
    const { previous } = change;
    const matched = previous !== undefined && passes(filter, asJson(previous));
    if (change.type === 'DELETED') {
      if (matched) this.#write('DELETED', change.object);
    } else if (matches) {
      this.#write(change.type === 'MODIFIED' && !matched ? 'ADDED' : change.type, change.object);
    } else if (matched) {
      // It has left the selection: for this client that is the deletion of what it has seen last.
      this.#write('DELETED', atVersion(previous, change.object));
    }
  }

  /** Goes on with what changes after a version; one of the future is waited for, as the API server does it. */
  follow(afterVersion: number): void {
    if (this.#ended) return;
    const { storage, served } = this.#options;
    const listener = (change: Change) => {
      if (change.resourceVersion > afterVersion) this.change(change);
    };
    this.#subscriptions.push(storage.follow(served.definition.type, listener));
    if (this.#cutAfterEvents === 0) this.#cut();
  }

  /** Tells the client how far it has come although nothing for it has changed. */
  bookmark(annotations?: Readonly<Record<string, string>>): void {
    const { storage, served } = this.#options;
    const version = storage.resourceVersion;
    if (this.#ended || (annotations === undefined && version === this.#lastVersion)) return;
    this.#lastVersion = version;
    const { group, version: apiVersion, kind } = served.type;
    this.#send(
      Buffer.from(
        `${JSON.stringify({
          type: 'BOOKMARK',
          object: {
            kind,
            apiVersion: group === '' ? apiVersion : `${group}/${apiVersion}`,
            metadata: {
              resourceVersion: String(version),
              ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
            },
          },
        })}\n`,
      ),
    );
  }

  #write(type: Change['type'], object: KubernetesObject): void {
    if (this.#ended) return;
    const { served, form, includeObject, now } = this.#options;
    if (form !== 'object') {
      const table = { nowMs: now(), includeObject };
      const shown = representedJson(served, object, form, table);
      // The columns are told once.
      if (form === 'table' && this.#sent > 0) shown.columnDefinitions = null;
      this.#send(line(type, shown));
    } else if (served.fromStored !== undefined) {
      this.#send(line(type, shownObject(served, object)));
    } else {
      this.#send(Buffer.from(`{"type":"${type}","object":`), encodedObject(object), LINE_END);
    }
    this.#sent += 1;
    if (this.#sent >= this.#cutAfterEvents) this.#cut();
  }

  /** Events of one turn of the event loop leave in one write: a write through TLS costs more than making the event. */
  #send(...bytes: readonly Buffer[]): void {
    this.#unsent.push(...bytes);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#unsent.length === 0 || this.#response.destroyed) return;
    this.#response.write(Buffer.concat(this.#unsent));
    this.#unsent.length = 0;
    if (this.#response.writableLength <= MAX_UNSENT_BYTES) return;
    this.#release();
    this.#response.destroy();
  }

  #end(): void {
    this.#flush();
    this.#release();
    this.#response.end();
  }

  /** Sends what was written and ends without the last chunk, as a lost connection does. */
  #cut(): void {
    if (this.#ended) return;
    this.#flush();
    this.#release();
    this.#response.write('\n', () => this.#response.destroy());
  }

  #release(): void {
    this.#ended = true;
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
  }
}

/** The same object, at the version of another state of it. */
function atVersion(object: KubernetesObject, { metadata }: KubernetesObject): KubernetesObject {
  const { resourceVersion } = metadata;
  return {
    ...object,
    metadata: { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  };
}

function line(type: Change['type'], object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}
