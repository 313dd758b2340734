import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Clock, KubernetesObject, Logger } from '@rynxs/kernel';
import { CONFIG_MAPS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, SECRETS } from '../resources/types.js';
import { asJson, stringAt } from '../storage/json.js';
import type { Change, ObjectStorage } from '../storage/object-storage.js';
import { passableDirectory } from './directories.js';
import { ExecServer } from './exec/exec-server.js';
import { logsDirectory, podLogDirectory } from './log/log-paths.js';
import { serveLog } from './log/serve-log.js';
import { PodEvents } from './pod/pod-events.js';
import { referenceKey } from './pod/pod-references.js';
import { PodWorker, type PodWorkerContext } from './pod/pod-worker.js';
import { claimDirectory, safeUid } from './pod/volumes.js';
import type { PodRuntime } from './pod-runtime.js';
import { createLimiter } from './sandbox/cgroup.js';
import { hostIdentity } from './sandbox/identity.js';
import { readMountTable } from './sandbox/mount-table.js';
import { probeSandbox, type SandboxProbe } from './sandbox/probe.js';
import { hostUserland } from './sandbox/root-plan.js';
import { userlandName } from './sandbox/userland-name.js';
import { NO_SANDBOX, Scheduler, sandboxAdvice, wantsNode } from './scheduler.js';

export interface LocalNodeOptions {
  readonly storage: ObjectStorage;
  /**
   * Absolute path of the directory for volumes, logs and what pods need while they run; nothing else may use it. Absent: a
   * temporary one, which goes with the node.
   */
  readonly dir?: string;
  /** Name of the Node object that pods are bound to. */
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Finds out what pods can be sandboxed with; default `probeSandbox`. */
  readonly probe?: (clock: Clock, signal: AbortSignal) => Promise<SandboxProbe>;
}

/** When the operator stops, pods get their grace period, but not more than this. */
const MAX_STOP_GRACE_MS = 3_000;

/**
 * The node of the embedded cluster, scheduler included: runs the pods of the storage as sandboxed processes of this host.
 * Where the host allows no sandbox, pods stay Pending and say why; nothing is ever run without one.
 */
export class LocalNode implements PodRuntime {
  readonly #workers = new Map<string, PodWorker>();
  readonly #runs = new Set<Promise<void>>();
  readonly #subscriptions: Disposable[] = [];
  /** Directories of claims that are gone, with the claim's reference key, until no pod uses them any more. */
  readonly #abandoned = new Map<string, string>();
  readonly #events: PodEvents;
  readonly #exec: ExecServer;
  readonly #scheduler: Scheduler;
  readonly #dir: string;
  #context: PodWorkerContext | undefined;
  #probe: SandboxProbe = { unavailable: 'the node has not started', remedy: 'Wait.' };

  constructor(private readonly options: LocalNodeOptions) {
    this.#events = new PodEvents(options.storage, options.nodeName);
    this.#scheduler = new Scheduler(options.storage, this.#events, options.nodeName);
    this.#dir = options.dir ?? join(tmpdir(), `rynxs-node-${process.pid}-${randomBytes(8).toString('hex')}`);
    this.#exec = new ExecServer({ nodeDir: this.#dir, clock: options.clock, logger: options.logger });
  }

  /** Probes the host, then runs what the storage has bound to this node, and binds what waits. */
  async start(signal: AbortSignal): Promise<void> {
    const { storage, clock } = this.options;
    const dir = this.#dir;
    await passableDirectory(dir);
    await passableDirectory(join(dir, 'volumes'));
    // Of pods that ran when the operator before this one ended: their processes ended with it.
    await rm(join(dir, 'pods'), { recursive: true, force: true });
    await passableDirectory(join(dir, 'pods'));
    await this.#removeOrphanedLogs();
    this.#probe = await (this.options.probe ?? probeSandbox)(clock, signal);
    if ('runtime' in this.#probe) this.#context = this.#contextFor(this.#probe.runtime);
    const listen = (handle: (change: Change) => void) => (change: Change) => {
      try {
        handle(change);
      } catch (error) {
        this.options.logger.error('the node failed to handle a change', { error });
      }
    };
    for (const type of [CONFIG_MAPS, SECRETS, PERSISTENT_VOLUME_CLAIMS]) {
      this.#subscriptions.push(
        storage.follow(
          type,
          listen((change) => this.#referenceChanged(change)),
        ),
      );
    }
    this.#subscriptions.push(
      storage.follow(
        NODES,
        listen(() => this.#scheduler.scheduleWaiting(this.#probe)),
      ),
      storage.subscribe(
        PODS,
        listen((change) => this.#podChanged(change)),
      ),
    );
  }

  async stop(signal: AbortSignal): Promise<void> {
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    this.#exec.close();
    for (const worker of this.#workers.values()) worker.stop(Math.min(worker.graceMs, MAX_STOP_GRACE_MS));
    const forced = (): void => {
      for (const worker of this.#workers.values()) worker.stop(0);
    };
    if (signal.aborted) forced();
    signal.addEventListener('abort', forced, { once: true });
    // The end of a pod may bring about the removal of a claim's data.
    while (this.#runs.size > 0) await Promise.all(this.#runs);
    signal.removeEventListener('abort', forced);
    await this.#context?.limiter.close().catch((error: unknown) => {
      // The next operator removes what is left.
      this.options.logger.warn('the cgroup of the node could not be removed', { error });
    });
    this.#context = undefined;
    if (this.options.dir === undefined) await rm(this.#dir, { recursive: true, force: true });
  }

  exec(
    pod: KubernetesObject,
    query: URLSearchParams,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    this.#exec.handle({
      pod,
      query,
      request,
      socket,
      head,
      worker: this.#workers.get(pod.metadata.uid ?? ''),
    });
  }

  async log(
    pod: KubernetesObject,
    query: URLSearchParams,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const worker = this.#workers.get(pod.metadata.uid ?? '');
    await serveLog({
      pod,
      query,
      response,
      signal,
      worker,
      nodeDir: this.#dir,
      now: this.options.clock.now(),
    });
  }

  #contextFor(runtime: PodWorkerContext['runtime']): PodWorkerContext {
    const { storage, clock, logger } = this.options;
    const limiter = createLimiter(clock);
    return {
      ...{ storage, clock, logger, runtime, limiter },
      events: this.#events,
      identity: hostIdentity(),
      userland: hostUserland(readMountTable()),
      facts: { userland: userlandName(), enforcement: limiter.enforcement },
      nodeDir: this.#dir,
    };
  }

  #podChanged({ type, object: pod }: Change): void {
    const uid = pod.metadata.uid ?? '';
    if (type === 'DELETED') {
      const worker = this.#workers.get(uid);
      if (worker === undefined) this.#remove(podLogDirectory(this.#dir, safeUid(pod)));
      else worker.removed();
      return;
    }
    if (wantsNode(pod)) this.#scheduler.schedule(pod, this.#probe);
    else if (stringAt(asJson(pod), 'spec', 'nodeName') === this.options.nodeName) this.#run(pod);
  }

  #run(pod: KubernetesObject): void {
    const uid = pod.metadata.uid ?? '';
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const phase = stringAt(asJson(pod), 'status', 'phase');
    const isDeleting = pod.metadata.deletionTimestamp !== undefined;
    if ((phase === 'Succeeded' || phase === 'Failed') && !isDeleting) return;
    if (this.#context === undefined) {
      this.#withoutSandbox(pod, isDeleting);
      return;
    }
    const worker = new PodWorker(this.#context, pod);
    this.#workers.set(uid, worker);
    if (isDeleting) worker.update(pod);
    const run = worker.run().finally(() => {
      this.#workers.delete(uid);
      this.#runs.delete(run);
      this.#removeAbandoned();
    });
    this.#runs.add(run);
  }

  /** A pod from before, when there was a sandbox. */
  #withoutSandbox(pod: KubernetesObject, isDeleting: boolean): void {
    if (isDeleting) this.options.storage.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 });
    else if ('unavailable' in this.#probe) {
      this.#scheduler.refuse(pod, ['ContainersReady', 'Ready'], NO_SANDBOX, sandboxAdvice(this.#probe));
    }
  }

  #referenceChanged({ type, resource, object }: Change): void {
    const { namespace, name } = object.metadata;
    const key = referenceKey(resource.plural, namespace, name);
    if (type === 'DELETED' && resource.plural === PERSISTENT_VOLUME_CLAIMS.plural) {
      this.#abandoned.set(claimDirectory(object), key);
      this.#removeAbandoned();
    }
    for (const worker of this.#workers.values()) if (worker.refersTo(key)) worker.referencesChanged();
  }

  #removeAbandoned(): void {
    for (const [directory, key] of this.#abandoned) {
      if ([...this.#workers.values()].some((worker) => worker.refersTo(key))) continue;
      this.#abandoned.delete(directory);
      this.#remove(join(this.#dir, directory));
    }
  }

  #remove(path: string): void {
    const removal = rm(path, { recursive: true, force: true })
      .catch((error: unknown) => {
        this.options.logger.error('what a deleted object left on disk could not be removed', { path, error });
      })
      .finally(() => this.#runs.delete(removal));
    this.#runs.add(removal);
  }

  async #removeOrphanedLogs(): Promise<void> {
    const logs = logsDirectory(this.#dir);
    await mkdir(logs, { recursive: true, mode: 0o700 });
    const living = new Set(this.options.storage.list(PODS).map((pod) => pod.metadata.uid));
    for (const uid of await readdir(logs)) {
      if (!living.has(uid)) await rm(join(logs, uid), { recursive: true, force: true });
    }
  }
}
