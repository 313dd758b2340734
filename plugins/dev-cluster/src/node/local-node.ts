import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Clock, KubernetesObject, Logger } from '@rynxs/kernel';
import { CONFIG_MAPS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, SECRETS } from '../resources/types.js';
import { asJson, asKubernetesObject, objectAt, stringAt } from '../storage/json.js';
import type { Change, ObjectStorage } from '../storage/object-storage.js';
import { passableDirectory } from './directories.js';
import { ExecServer } from './exec/exec-server.js';
import { serveLog } from './log/serve-log.js';
import { EventRecorder } from './pod/event-recorder.js';
import { podConditions } from './pod/pod-status.js';
import { PodWorker, type PodWorkerContext, referenceKey } from './pod/pod-worker.js';
import { claimDirectory } from './pod/volumes.js';
import type { PodRuntime } from './pod-runtime.js';
import { createLimiter } from './sandbox/cgroup.js';
import { hostIdentity } from './sandbox/identity.js';
import { readMountTable } from './sandbox/mount-table.js';
import { probeSandbox, type SandboxProbe } from './sandbox/probe.js';
import { hostUserland } from './sandbox/root-plan.js';
import { unschedulable, wantsNode } from './scheduling.js';

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
  readonly #events: EventRecorder;
  readonly #exec: ExecServer;
  readonly #dir: string;
  #context: PodWorkerContext | undefined;
  #probe: SandboxProbe = { unavailable: 'the node has not started', remedy: 'Wait.' };

  constructor(private readonly options: LocalNodeOptions) {
    this.#events = new EventRecorder(options.storage, options.nodeName, options.logger);
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
        listen(() => this.#scheduleWaiting()),
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
    await Promise.all(this.#runs);
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
      this.#workers.get(uid)?.removed();
      return;
    }
    if (wantsNode(pod)) this.#schedule(pod);
    else if (stringAt(asJson(pod), 'spec', 'nodeName') === this.options.nodeName) this.#run(pod);
  }

  #schedule(pod: KubernetesObject): void {
    const { storage, nodeName } = this.options;
    const { namespace, name } = pod.metadata;
    if ('unavailable' in this.#probe) {
      this.#refuse(pod, 'NoSandboxRuntime', `${this.#probe.unavailable}. ${this.#probe.remedy}`);
      return;
    }
    const reason = unschedulable(pod, storage.get(NODES, { name: nodeName }));
    if (reason !== undefined) {
      this.#refuse(pod, 'Unschedulable', reason);
      return;
    }
    storage.bindPod(pod.metadata, nodeName, { fieldManager: 'kube-scheduler' });
    this.#events.record(
      pod,
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      {
        component: 'default-scheduler',
      },
    );
  }

  #scheduleWaiting(): void {
    for (const pod of this.options.storage.list(PODS)) if (wantsNode(pod)) this.#schedule(pod);
  }

  /** The pod stays Pending. */
  #refuse(pod: KubernetesObject, reason: string, message: string): void {
    const { storage } = this.options;
    const json = asJson(pod);
    const status = objectAt(json, 'status');
    const conditions = podConditions(
      status,
      [{ type: 'PodScheduled', status: 'False', reason, message }],
      storage.timestamp(),
    );
    const after = storage.updateStatus(
      PODS,
      asKubernetesObject({ ...json, status: { ...status, phase: 'Pending', conditions } }),
      { fieldManager: 'kube-scheduler' },
    );
    if (after.metadata.resourceVersion === pod.metadata.resourceVersion) return;
    this.#events.record(pod, 'Warning', reason === 'Unschedulable' ? 'FailedScheduling' : reason, message, {
      component: 'default-scheduler',
    });
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
    if (isDeleting) {
      this.options.storage.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 });
      return;
    }
    const { storage } = this.options;
    if (!('unavailable' in this.#probe)) return;
    const message = `${this.#probe.unavailable}. ${this.#probe.remedy}`;
    const json = asJson(pod);
    const status = objectAt(json, 'status');
    const reason = 'NoSandboxRuntime';
    const conditions = podConditions(
      status,
      ['ContainersReady', 'Ready'].map((type) => ({ type, status: 'False', reason, message })),
      storage.timestamp(),
    );
    storage.updateStatus(
      PODS,
      asKubernetesObject({ ...json, status: { ...status, phase: 'Pending', conditions } }),
    );
    this.#events.record(pod, 'Warning', reason, message);
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
      const removal = rm(join(this.#dir, directory), { recursive: true, force: true })
        .catch((error: unknown) => {
          this.options.logger.error('the data of a deleted claim could not be removed', { directory, error });
        })
        .finally(() => this.#runs.delete(removal));
      this.#runs.add(removal);
    }
  }

  async #removeOrphanedLogs(): Promise<void> {
    const logs = join(this.#dir, 'logs');
    await mkdir(logs, { recursive: true, mode: 0o700 });
    const living = new Set(this.options.storage.list(PODS).map((pod) => pod.metadata.uid));
    for (const uid of await readdir(logs)) {
      if (!living.has(uid)) await rm(join(logs, uid), { recursive: true, force: true });
    }
  }
}

/** `debian-12`: what the host calls itself. */
function userlandName(): string {
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1];
    return [value('ID') ?? 'linux', value('VERSION_ID')].filter((part) => part !== undefined).join('-');
  } catch {
    // os-release(5) is optional.
    return 'linux';
  }
}
