import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, KubernetesObject, Logger } from '@rynxs/kernel';
import { PODS } from '../../resources/types.js';
import { asJson, asKubernetesObject, numberAt, objectAt, objectsAt, stringAt } from '../../storage/json.js';
import type { ObjectStorage } from '../../storage/object-storage.js';
import { StatusError } from '../../storage/status-error.js';
import { passableDirectory } from '../directories.js';
import { ContainerLog } from '../log/container-log.js';
import { logDirectory, logName, podLogDirectory } from '../log/log-paths.js';
import type { SandboxRuntime } from '../sandbox/container-process.js';
import { writeEtc } from '../sandbox/etc.js';
import type { HostIdentity } from '../sandbox/identity.js';
import type { Limiter } from '../sandbox/limits.js';
import { PodSandbox } from '../sandbox/pod-sandbox.js';
import type { HostUserland, PodMount } from '../sandbox/root-plan.js';
import { type ContainerHost, ContainerRunner } from './container-runner.js';
import { type ContainerSpec, ignoredFields, readContainers } from './container-spec.js';
import { type ContainerStatus, formerContainer } from './container-status.js';
import { EndOfGrace } from './end-of-grace.js';
import { environmentOf, hostnameOf } from './environment.js';
import type { PodEvents } from './pod-events.js';
import { PodProblem } from './pod-problem.js';
import { referencesOf } from './pod-references.js';
import { type NodeFacts, podStatus } from './pod-status.js';
import { prepareVolumes, type ReadyVolume, safeUid } from './volumes.js';

/** What all pods of a node have in common. */
export interface PodWorkerContext {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  readonly identity: HostIdentity;
  readonly runtime: SandboxRuntime;
  readonly limiter: Limiter;
  readonly userland: HostUserland;
  readonly facts: NodeFacts;
  readonly nodeDir: string;
}

/** Logs of so many lives of a container are kept: the newest, and the one before for `kubectl logs -p`. */
const KEPT_LOGS = 2;

/** Takes care of one pod that is bound to this node, from then to the end of its last process. */
export class PodWorker {
  readonly uid: string;
  readonly #dir: string;
  readonly #stopping = new AbortController();
  readonly #grace: EndOfGrace;
  readonly #startTime: string;
  readonly #references: ReadonlySet<string>;
  #pod: KubernetesObject;
  #runners: readonly ContainerRunner[] = [];
  /** Statuses of containers that are not run at all. */
  #unrun: readonly ContainerStatus[] = [];
  #sandbox: Promise<PodSandbox> | undefined;
  #liveSandbox: PodSandbox | undefined;
  #prepared: Promise<void> | undefined;
  #volumes: Promise<ReadonlyMap<string, ReadyVolume>> | undefined;
  #referencesChanged = Promise.withResolvers<void>();
  #isDeleting = false;

  constructor(
    private readonly context: PodWorkerContext,
    pod: KubernetesObject,
  ) {
    this.#pod = pod;
    this.uid = safeUid(pod);
    this.#dir = join('pods', this.uid);
    this.#grace = new EndOfGrace(context.clock);
    this.#startTime = context.storage.timestamp();
    this.#references = referencesOf(pod);
  }

  get runners(): readonly ContainerRunner[] {
    return this.#runners;
  }

  get pod(): KubernetesObject {
    return this.#pod;
  }

  /** How long the pod's processes may take to end, as the pod has it. */
  get graceMs(): number {
    return (numberAt(asJson(this.#pod), 'spec', 'terminationGracePeriodSeconds') ?? 30) * 1_000;
  }

  /** Whether the pod's specification names an object; `key` as `referenceKey` makes it. */
  refersTo(key: string): boolean {
    return this.#references.has(key);
  }

  /**
   * Runs the pod until `stop` or its deletion; then all of its processes have ended and nothing of it is left on disk but
   * its logs, or, after a deletion, nothing at all and the storage knows. Never rejects.
   */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      this.#makeRunners();
      await Promise.all(this.#runners.map((runner) => runner.run(signal, this.#grace)));
      if (this.#runners.length > 0) {
        await this.#liveSandbox?.close();
        this.#report();
      }
    } catch (error) {
      this.context.logger.error('a pod came to an unexpected end', { pod: this.#pod.metadata.name, error });
    }
    await aborted(signal);
    await this.#end();
  }

  /** Takes note of a new version of the pod: of its deletion, or of less time for that. */
  update(pod: KubernetesObject): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined) return;
    const seconds = numberAt(asJson(pod), 'metadata', 'deletionGracePeriodSeconds') ?? 0;
    this.#isDeleting = true;
    this.stop(seconds * 1_000);
  }

  /** The pod is gone from the storage: nobody waits for its processes any more. */
  removed(): void {
    this.#isDeleting = true;
    this.stop(0);
  }

  /** Ends the processes, by force after `graceMs`. */
  stop(graceMs: number): void {
    this.#grace.within(graceMs);
    if (this.#stopping.signal.aborted) return;
    for (const { spec, running } of this.#runners) {
      if (running !== undefined)
        this.#event('Normal', 'Killing', `Stopping container ${spec.name}`, spec.name);
    }
    this.#stopping.abort(new Error('the pod is being stopped'));
  }

  /** What the pod refers to has changed: whoever waits for it looks again, and files are brought up to date. */
  referencesChanged(): void {
    this.#referencesChanged.resolve();
    this.#referencesChanged = Promise.withResolvers();
    if (this.#volumes === undefined || this.#stopping.signal.aborted) return;
    // A problem shows when a container starts next; until then it keeps the files that it has.
    this.#prepareVolumes().catch(() => {});
  }

  #makeRunners(): void {
    const { storage } = this.context;
    try {
      const specs = readContainers(this.#pod);
      const ignored = ignoredFields(this.#pod);
      if (ignored.length > 0) {
        const text = `The embedded node takes no notice of ${ignored.join(', ')}`;
        this.#event('Warning', 'IgnoredByEmbeddedNode', text);
      }
      for (const { image, name } of specs) {
        const text = `Image "${image}" is not pulled: the host's programs (${this.context.facts.userland}) are used`;
        this.#event('Normal', 'ImageNotPulled', text, name);
      }
      const host = this.#host(specs);
      const json = asJson(this.#pod);
      const now = storage.timestamp();
      this.#runners = specs.map(
        (spec) => new ContainerRunner(spec, host, formerContainer(json, spec.name, now)),
      );
    } catch (error) {
      if (!(error instanceof PodProblem)) throw error;
      this.#event('Warning', error.eventReason, error.message);
      const { waitingReason: reason, message } = error;
      this.#unrun = objectsAt(asJson(this.#pod), 'spec', 'containers').map((container) => ({
        name: stringAt(container, 'name') ?? '',
        image: stringAt(container, 'image') ?? '',
        restartCount: 0,
        state: { kind: 'waiting', reason, message },
      }));
    }
    this.#report();
  }

  async #prepareDirectory(specs: readonly ContainerSpec[]): Promise<void> {
    const { nodeDir, identity } = this.context;
    await passableDirectory(join(nodeDir, this.#dir));
    const paths = specs.flatMap((spec) => spec.mounts.map(({ path }) => path));
    await writeEtc({
      directory: join(nodeDir, this.#dir, 'etc'),
      hostname: hostnameOf(this.#pod),
      users: specs,
      identity,
      mountPaths: paths.filter((path) => path.startsWith('/etc/')),
    });
  }

  #host(specs: readonly ContainerSpec[]): ContainerHost {
    const { context } = this;
    return {
      ...context,
      podDir: this.#dir,
      restartPolicy: stringAt(asJson(this.#pod), 'spec', 'restartPolicy') ?? 'Always',
      pod: () => this.#pod,
      sandbox: (signal) => this.#ensureSandbox(signal),
      mounts: (spec) => this.#mountsOf(spec, specs),
      environment: (spec) => environmentOf(this.#pod, spec.json, context.storage),
      openLog: (container, restartCount) => this.#openLog(container, restartCount),
      referencesChanged: (signal) => unlessAborted(this.#referencesChanged.promise, signal),
      changed: () => this.#report(),
      event: (type, reason, message, container) => this.#event(type, reason, message, container),
      unexpected: (error) =>
        context.logger.error('something failed in a pod', { pod: this.#pod.metadata.name, error }),
    };
  }

  /** Containers that start at once share the making of the sandbox. */
  async #ensureSandbox(signal: AbortSignal): Promise<PodSandbox> {
    if (this.#liveSandbox?.hasEnded === true) {
      this.#event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      this.#liveSandbox = undefined;
      this.#sandbox = undefined;
    }
    const { identity, clock } = this.context;
    this.#sandbox ??= PodSandbox.create({ identity, clock, signal, hostname: hostnameOf(this.#pod) });
    try {
      this.#liveSandbox = await this.#sandbox;
      return this.#liveSandbox;
    } catch (error) {
      this.#sandbox = undefined;
      throw error;
    }
  }

  async #mountsOf(spec: ContainerSpec, all: readonly ContainerSpec[]): Promise<readonly PodMount[]> {
    this.#prepared ??= this.#prepareDirectory(all);
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw error;
    }
    const volumes = await this.#prepareVolumes();
    return spec.mounts.map(({ volume, path, readOnly }) => {
      const ready = volumes.get(volume);
      if (ready === undefined) throw new Error(`volume "${volume}" is not defined`);
      return { source: ready.source, path, readOnly: readOnly || ready.readOnly };
    });
  }

  /** One at a time. */
  #prepareVolumes(): Promise<ReadonlyMap<string, ReadyVolume>> {
    const { storage: reader, identity, nodeDir } = this.context;
    const prepare = () => prepareVolumes({ pod: this.#pod, reader, identity, nodeDir, podDir: this.#dir });
    this.#volumes = (this.#volumes ?? Promise.resolve()).then(prepare, prepare);
    return this.#volumes;
  }

  async #openLog(container: string, restartCount: number): Promise<ContainerLog> {
    const directory = logDirectory(this.context.nodeDir, this.uid, container);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      if (Number.parseInt(name, 10) <= restartCount - KEPT_LOGS)
        await rm(join(directory, name), { force: true });
    }
    return new ContainerLog(join(directory, logName(restartCount)), this.context.clock);
  }

  /** Writes the pod's status as it is now. */
  #report(): void {
    const { storage, facts } = this.context;
    const stored = storage.get(PODS, this.#pod.metadata);
    if (stored === undefined || stored.metadata.uid !== this.uid) return;
    const json = asJson(stored);
    const status = podStatus(objectAt(json, 'status'), {
      containers: this.#runners.length > 0 ? this.#runners.map((runner) => runner.status) : this.#unrun,
      restartPolicy: stringAt(json, 'spec', 'restartPolicy') ?? 'Always',
      hasSandbox: this.#liveSandbox !== undefined && !this.#liveSandbox.hasEnded,
      hasLoopback: this.#liveSandbox?.hasLoopback === true,
      startTime: this.#startTime,
      facts,
      now: storage.timestamp(),
    });
    this.#pod = storage.updateStatus(PODS, asKubernetesObject({ ...json, status }), {
      fieldManager: 'kubelet',
    });
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    this.context.events.record(
      this.#pod,
      type,
      reason,
      message,
      container === undefined ? {} : { container },
    );
  }

  async #end(): Promise<void> {
    const { nodeDir, logger, storage } = this.context;
    try {
      this.#grace[Symbol.dispose]();
      await this.#sandbox?.then((sandbox) => sandbox.close()).catch(() => {});
      // A refresh of files that is under way would bring back what is removed now.
      await this.#volumes?.catch(() => {});
      await rm(join(nodeDir, this.#dir), { recursive: true, force: true });
      if (!this.#isDeleting) return;
      await rm(podLogDirectory(nodeDir, this.uid), { recursive: true, force: true });
      storage.delete(PODS, this.#pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
    } catch (error) {
      if (error instanceof StatusError && (error.code === 404 || error.code === 409)) return;
      logger.error('a pod could not be cleared away', { pod: this.#pod.metadata.name, error });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const end = Promise.withResolvers<never>();
  const abort = (): void => end.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
