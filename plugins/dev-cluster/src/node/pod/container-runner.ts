import { join } from 'node:path';
import type { Clock, KubernetesObject } from '@rynxs/kernel';
import type { ContainerLog } from '../log/container-log.js';
import {
  CommandError,
  type ContainerProcess,
  type SandboxRuntime,
  startContainer,
} from '../sandbox/container-process.js';
import type { HostIdentity } from '../sandbox/identity.js';
import type { ContainerLimits, Limiter } from '../sandbox/limits.js';
import { type PodSandbox, SandboxError } from '../sandbox/pod-sandbox.js';
import { type HostUserland, type PodMount, planRoot } from '../sandbox/root-plan.js';
import { BackOff } from './back-off.js';
import { collectOutput } from './collect-output.js';
import { endOf } from './container-end.js';
import type { ContainerSpec } from './container-spec.js';
import type { ContainerState, ContainerStatus, FormerContainer, Termination } from './container-status.js';
import type { EndOfGrace } from './end-of-grace.js';
import { expand } from './expansion.js';
import { PodProblem } from './pod-problem.js';

/** What a container needs from its pod. */
export interface ContainerHost {
  readonly clock: Clock;
  readonly identity: HostIdentity;
  readonly runtime: SandboxRuntime;
  readonly limiter: Limiter;
  readonly userland: HostUserland;
  readonly nodeDir: string;
  /** Relative to `nodeDir`. */
  readonly podDir: string;
  readonly restartPolicy: string;
  pod(): KubernetesObject;
  /** The pod's sandbox, made anew if it is gone. */
  sandbox(signal: AbortSignal): Promise<PodSandbox>;
  /** The volumes of a container, ready to be mounted. Throws PodProblem. */
  mounts(spec: ContainerSpec): Promise<readonly PodMount[]>;
  /** The container's environment. Throws PodProblem. */
  environment(spec: ContainerSpec): Readonly<Record<string, string>>;
  openLog(container: string, restartCount: number): Promise<ContainerLog>;
  /** Something of what the pod refers to has changed, or may have. */
  referencesChanged(signal: AbortSignal): Promise<void>;
  /** The container's status is another now. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string, container: string): void;
  /** Something failed that no one foresaw. */
  readonly unexpected: (error: unknown) => void;
}

/** A container that runs, with what commands that join it share. */
export interface RunningContainer {
  readonly process: ContainerProcess;
  readonly sandbox: PodSandbox;
  readonly limits: ContainerLimits;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
}

/** After the end of a container nothing can write to its output any more; this is for what nobody foresaw. */
const DRAIN_DEADLINE_MS = 2_000;

/** Runs one container of a pod: starts it, waits for its end, starts it again as the restart policy says. */
export class ContainerRunner {
  readonly #backOff = new BackOff();
  #state: ContainerState = { kind: 'waiting', reason: 'ContainerCreating' };
  #lastTermination: Termination | undefined;
  #restartCount: number;
  #containerID: string | undefined;
  #running: RunningContainer | undefined;
  #log: ContainerLog | undefined;
  /** Whether the container with this restart count has had its life. */
  #hasRun: boolean;

  constructor(
    readonly spec: ContainerSpec,
    private readonly host: ContainerHost,
    private readonly former: FormerContainer | undefined,
  ) {
    this.#restartCount = former?.restartCount ?? 0;
    this.#lastTermination = former?.lastTermination;
    this.#hasRun = former !== undefined;
  }

  get running(): RunningContainer | undefined {
    return this.#running;
  }

  /** The log of the container that runs, or that ran last in this node's life. */
  get log(): ContainerLog | undefined {
    return this.#log;
  }

  get restartCount(): number {
    return this.#restartCount;
  }

  get status(): ContainerStatus {
    return {
      name: this.spec.name,
      image: this.spec.image,
      state: this.#state,
      restartCount: this.#restartCount,
      ...(this.#lastTermination === undefined ? {} : { lastTermination: this.#lastTermination }),
      ...(this.#containerID === undefined ? {} : { containerID: this.#containerID }),
    };
  }

  /** Says why the container is not started. */
  wait(reason: string, message?: string): void {
    this.#state = { kind: 'waiting', reason, ...(message === undefined ? {} : { message }) };
    this.host.changed();
  }

  /**
   * Runs until the container is not to be started again, or until `stopping` aborts; then its process has ended, at the
   * latest a moment after `grace` is over.
   */
  async run(stopping: AbortSignal, grace: EndOfGrace): Promise<void> {
    if (this.former !== undefined && !this.#mayRestart(this.former.lastTermination)) {
      this.#state = { kind: 'terminated', termination: this.former.lastTermination };
      this.#lastTermination = undefined;
      this.host.changed();
      return;
    }
    while (!stopping.aborted) {
      const startedMs = this.host.clock.monotonic();
      const termination = await this.#once(stopping, grace);
      if (termination === undefined) return;
      this.#state = { kind: 'terminated', termination };
      this.host.changed();
      if (stopping.aborted || !this.#mayRestart(termination)) return;
      const delayMs = this.#backOff.next(this.host.clock.monotonic() - startedMs);
      if (!(await this.#backedOff(delayMs, termination, stopping))) return;
    }
  }

  #mayRestart(termination: Termination): boolean {
    const { restartPolicy } = this.host;
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && termination.exitCode !== 0);
  }

  /** False when there was an end to waiting. */
  async #backedOff(delayMs: number, termination: Termination, stopping: AbortSignal): Promise<boolean> {
    this.#lastTermination = termination;
    if (delayMs === 0) return true;
    const { metadata } = this.host.pod();
    const where = `${this.spec.name} in pod ${metadata.name}_${metadata.namespace}(${metadata.uid})`;
    this.host.event('Warning', 'BackOff', `Back-off restarting failed container ${where}`, this.spec.name);
    const seconds = delayMs / 1_000;
    const time = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
    this.wait(
      'CrashLoopBackOff',
      `back-off ${time} restarting failed container=${where.replace(' in pod ', ' pod=')}`,
    );
    return waited(this.host.clock.sleep(delayMs, stopping), stopping);
  }

  /** One life of the container. Undefined when it never came to run because of `stopping`. */
  async #once(stopping: AbortSignal, grace: EndOfGrace): Promise<Termination | undefined> {
    const { host, spec } = this;
    for (let wait = new RetryWait(); ; ) {
      try {
        const started = await this.#start(stopping);
        return await this.#untilEnd(started, stopping, grace);
      } catch (error) {
        if (stopping.aborted) return undefined;
        if (error instanceof CommandError) {
          host.event(
            'Warning',
            'Failed',
            `Error: failed to start container "${spec.name}": ${error.message}`,
            spec.name,
          );
          return this.#startFailed(error);
        }
        if (!(await this.#retry(error, wait, stopping))) return undefined;
        wait = wait.longer();
      }
    }
  }

  /** Reports why there was no start and waits until another try makes sense; false when there was an end to waiting. */
  async #retry(error: unknown, wait: RetryWait, stopping: AbortSignal): Promise<boolean> {
    const { host, spec } = this;
    if (error instanceof PodProblem) {
      const prefix = error.eventReason === 'Failed' ? 'Error: ' : '';
      host.event('Warning', error.eventReason, prefix + error.message, spec.name);
      this.wait(error.waitingReason, error.message);
      return waited(host.referencesChanged(stopping), stopping);
    }
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof SandboxError) {
      const text = `Failed to create pod sandbox: ${message}`;
      host.event('Warning', 'FailedCreatePodSandBox', text, spec.name);
    } else {
      host.event('Warning', 'Failed', `Error: ${message}`, spec.name);
      host.unexpected(error);
    }
    this.wait('CreateContainerError', message);
    return waited(host.clock.sleep(wait.ms, stopping), stopping);
  }

  async #start(
    stopping: AbortSignal,
  ): Promise<{ readonly startedAt: string; readonly running: RunningContainer }> {
    const { host, spec } = this;
    const env = host.environment(spec);
    const mounts = await host.mounts(spec);
    const sandbox = await host.sandbox(stopping);
    if (this.#hasRun) this.#restartCount += 1;
    this.#hasRun = false;
    const log = await host.openLog(spec.name, this.#restartCount);
    this.#log?.close();
    this.#log = log;
    const { uid } = host.pod().metadata;
    const limits = host.limiter.limit(`${uid}-${spec.name}-${this.#restartCount}`, spec.limits);
    try {
      const process = await startContainer({
        ...{ sandbox, limits, signal: stopping, nodeDir: host.nodeDir, clock: host.clock },
        ...{ identity: host.identity, runtime: host.runtime },
        pipeDir: join(host.nodeDir, host.podDir),
        command: {
          argv: spec.argv.map((word) => expand(word, env)),
          env,
          workingDir: spec.workingDir,
          hasStdin: false,
          tty: false,
        },
        root: {
          entries: planRoot({
            userland: host.userland,
            nodeDir: host.nodeDir,
            etc: join(host.podDir, 'etc'),
            mounts,
            workingDir: spec.workingDir,
          }),
          readOnlyRoot: spec.readOnlyRoot,
          uid: spec.uid,
          gid: spec.gid,
        },
      });
      const running = { process, sandbox, limits, env, workingDir: spec.workingDir };
      return { startedAt: timestamp(host.clock), running };
    } catch (error) {
      await limits.release().catch(host.unexpected);
      throw error;
    }
  }

  async #untilEnd(
    started: { readonly startedAt: string; readonly running: RunningContainer },
    stopping: AbortSignal,
    grace: EndOfGrace,
  ): Promise<Termination> {
    const { host, spec } = this;
    const { process, limits } = started.running;
    const outputs = collectOutput(process, this.#log, (error) => {
      const detail = error instanceof Error ? error.message : String(error);
      host.event('Warning', 'LogWriteFailed', `Output is lost: ${detail}`, spec.name);
    });
    this.#hasRun = true;
    this.#running = started.running;
    this.#containerID = `${host.runtime}://${process.pid}-${host.pod().metadata.uid}-${spec.name}`;
    this.#state = { kind: 'running', startedAt: started.startedAt };
    host.event(
      'Normal',
      'Started',
      `Started container ${spec.name} (pid ${process.pid}, ${host.runtime})`,
      spec.name,
    );
    host.changed();
    const exit = await endOf(process, host.clock, stopping, grace);
    this.#running = undefined;
    using _deadline = host.clock.schedule(DRAIN_DEADLINE_MS, () => {
      process.stdout.destroy();
      process.stderr.destroy();
    });
    await outputs;
    this.#log?.close();
    const wasOutOfMemory = exit.code !== 0 && limits.oomKills() > 0;
    await limits.release().catch(host.unexpected);
    return {
      exitCode: exit.code,
      reason: wasOutOfMemory ? 'OOMKilled' : exit.code === 0 ? 'Completed' : 'Error',
      startedAt: started.startedAt,
      finishedAt: timestamp(host.clock),
      ...(this.#containerID === undefined ? {} : { containerID: this.#containerID }),
    };
  }

  #startFailed(error: CommandError): Termination {
    const now = timestamp(this.host.clock);
    this.#hasRun = true;
    return { exitCode: 128, reason: 'StartError', message: error.message, startedAt: now, finishedAt: now };
  }
}

/** The waits between tries to make a sandbox: 1 s, doubled up to a minute. */
class RetryWait {
  constructor(readonly ms = 1_000) {}
  longer(): RetryWait {
    return new RetryWait(Math.min(this.ms * 2, 60_000));
  }
}

/** Whether a wait came to its own end rather than to that of `stopping`. */
async function waited(wait: Promise<unknown>, stopping: AbortSignal): Promise<boolean> {
  try {
    await wait;
    return true;
  } catch (error) {
    if (stopping.aborted) return false;
    throw error;
  }
}

function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
}
