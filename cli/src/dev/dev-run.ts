import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type RynxsError, rynxsError } from '@rynxs/kernel';
import { dataDirectory, kubeconfigFile, logDirectory as usualLogDirectory } from '../data-directory.js';
import { letYoungGenerationGrowOnce } from '../heap-growth.js';
import { openLogForReading } from '../log-reading/open-log.js';
import { verifyLog } from '../log-verification/verify-log.js';
import type { VerifyReport } from '../log-verification/verify-report.js';
import { keyOf } from '../manifests/apply-object.js';
import type { TypedManifest } from '../manifests/validate-manifests.js';
import { formatCount, formatElapsed } from '../terminal/quantities.js';
import { reportError } from '../terminal/report-error.js';
import type { Terminal, TextOutput } from '../terminal/terminal.js';
import { type AgentProgress, describeWaiting } from './agent-progress.js';
import { AgentTracker, type TrackedAgent } from './agent-tracker.js';
import { applyFiles } from './apply-files.js';
import type { DevOptions } from './dev-options.js';
import { devResult } from './dev-result.js';
import type { DevSession } from './dev-session.js';
import { nextSteps } from './next-steps.js';
import { createProgressView } from './progress-view.js';

/** What `rynxs dev` does once the system runs: apply, watch, verify, tell, wait. */
export class DevRun {
  readonly #options: DevOptions;
  readonly #session: DevSession;
  readonly #dataDir: string;
  readonly #othersWrite: boolean;
  readonly #terminal: Terminal;
  /** Takes everything that is not the result. */
  readonly #out: TextOutput;

  /** `othersWrite`: whether other lines appear on the terminal meanwhile. */
  constructor(
    options: DevOptions,
    session: DevSession,
    dataDir: string,
    othersWrite: boolean,
    terminal: Terminal,
  ) {
    this.#options = options;
    this.#session = session;
    this.#dataDir = dataDir;
    this.#othersWrite = othersWrite;
    this.#terminal = terminal;
    this.#out = options.output === 'json' ? terminal.stderr : terminal.stdout;
  }

  /** Resolves to the exit code; rejects with the signal's reason when the user or the operator ends it. */
  async run(manifests: readonly TypedManifest[]): Promise<number> {
    await this.#greet();
    const agents = await this.#apply(manifests);
    using tracker = new AgentTracker(this.#session.cluster, agents, this.#session.startedAt);
    const progress = await this.#watch(tracker, this.#options.timeout);
    const problem = problemOf(progress, this.#options.timeout);
    letYoungGenerationGrowOnce();
    if (problem !== undefined) reportError(problem, this.#terminal.stderr, this.#options.output);
    return this.#options.once ? this.#finish(progress) : this.#stay(tracker);
  }

  async #greet(): Promise<void> {
    const { cluster, signal, metrics } = this.#session;
    const { server } = await cluster.info(signal);
    const served = metrics === undefined ? '' : `, metrics at ${metrics}`;
    this.#print(`Rynxs runs: cluster API at ${server}${served}, data in ${this.#shown(this.#dataDir)}`);
  }

  /** Applies the files; returns those of their objects that a reconciler makes children of. */
  async #apply(manifests: readonly TypedManifest[]): Promise<readonly TrackedAgent[]> {
    const { cluster, reconcilers, signal } = this.#session;
    await applyFiles(
      cluster,
      manifests,
      ({ manifest, resource }, applied) => {
        const { namespace, name } = keyOf(resource, manifest.object);
        this.#print(`${resource.kind} ${namespace === undefined ? name : `${namespace}/${name}`} ${applied}`);
      },
      signal,
    );
    return manifests.flatMap(({ manifest, resource }) => {
      const reconciler = reconcilers.find((candidate) => candidate.resource.plural === resource.plural);
      return reconciler === undefined || reconciler.owns.length === 0
        ? []
        : [{ reconciler, key: keyOf(resource, manifest.object) }];
    });
  }

  /** Shows the progress until all agents are ready, one is blocked, or time runs out. */
  async #watch(tracker: AgentTracker, timeoutMs: number): Promise<readonly AgentProgress[]> {
    if (tracker.progress().length === 0) return [];
    const view = await createProgressView(this.#out, this.#terminal.env, this.#othersWrite);
    const timeout = AbortSignal.timeout(timeoutMs);
    const shown = tracker.subscribe(() => view.show(tracker.progress()));
    try {
      view.show(tracker.progress());
      const enough = (now: readonly AgentProgress[]): boolean =>
        now.every(({ ready }) => ready) || now.some(({ blocked }) => blocked !== undefined);
      return await tracker.until(enough, AbortSignal.any([this.#session.signal, timeout]));
    } catch (error) {
      if (this.#session.signal.aborted || !timeout.aborted) throw error;
      return tracker.progress();
    } finally {
      view.show(tracker.progress());
      view.end();
      shown[Symbol.dispose]();
    }
  }

  /** `--once`: stops, verifies the whole log, prints the result. */
  async #finish(progress: readonly AgentProgress[]): Promise<number> {
    const { logDirectory, store } = this.#session;
    let report: VerifyReport;
    if (logDirectory !== undefined) {
      await this.#session.stopOperator();
      const log = await openLogForReading({ scheme: 'file', address: logDirectory, env: this.#terminal.env });
      report = await verifyLog(log, { signal: this.#terminal.interrupted });
    } else {
      report = await verifyLog(store, { signal: this.#session.signal });
    }
    this.#tellVerified(report);
    await this.#session.stop();
    this.#printResult(progress, report);
    return progress.every(({ ready }) => ready) && report.intact ? 0 : 1;
  }

  /** Tells what to try when all agents are ready, then stays until the user or the operator ends it. */
  async #stay(tracker: AgentTracker): Promise<never> {
    const { signal, store } = this.#session;
    const progress = await tracker.until((now) => now.every(({ ready }) => ready), signal);
    const report = await verifyLog(store, { signal });
    this.#tellVerified(report);
    if (this.#options.output === 'json') this.#printResult(progress, report);
    this.#print(`\n${this.#suggestions(progress)}`);
    if (!signal.aborted) await once(signal, 'abort');
    throw signal.reason;
  }

  #tellVerified(report: VerifyReport): void {
    const { records, elapsed_ms, damage } = report;
    if (damage === null) {
      this.#print(
        `log verified: ${formatCount(records, 'record')}, chain intact (${formatElapsed(elapsed_ms)})`,
      );
    } else {
      this.#print(`LOG DAMAGED at seq ${damage.first_bad_seq}: ${damage.kind}: ${damage.detail}`);
    }
  }

  #printResult(progress: readonly AgentProgress[], report: VerifyReport): void {
    if (this.#options.output !== 'json') return;
    this.#terminal.stdout.write(`${JSON.stringify(devResult(progress, report, performance.now()))}\n`);
  }

  #suggestions(progress: readonly AgentProgress[]): string {
    const { cwd } = this.#terminal;
    const [namespace, name] = progress[0]?.agent.split('/') ?? [];
    return nextSteps({
      agent: namespace === undefined || name === undefined ? undefined : { namespace, name },
      kubeconfig: this.#shown(kubeconfigFile(this.#dataDir)),
      dataDir: this.#shown(this.#dataDir),
      metrics: this.#session.metrics,
      inUsualPlace:
        this.#dataDir === dataDirectory(undefined, cwd) &&
        this.#session.logDirectory === usualLogDirectory(this.#dataDir),
      log: this.#session.store.location,
      command: existsSync(join(cwd, 'node_modules/.bin/rynxs')) ? 'npx rynxs' : 'rynxs',
    });
  }

  #shown(path: string): string {
    const short = relative(this.#terminal.cwd, path);
    return short === '' || short.startsWith('..') ? path : short;
  }

  #print(line: string): void {
    this.#out.write(`${line}\n`);
  }
}

/** The error for the first agent that is not ready. */
function problemOf(progress: readonly AgentProgress[], timeoutMs: number): RynxsError | undefined {
  const late = progress.find(({ ready }) => !ready);
  if (late === undefined) return undefined;
  const { agent, blocked } = late;
  if (blocked !== undefined) {
    return rynxsError('RYNXS_AGENT_BLOCKED', { agent, reason: blocked.reason, detail: blocked.message });
  }
  const timeout = formatElapsed(timeoutMs);
  return rynxsError('RYNXS_AGENT_NOT_READY', { agent, timeout, waiting: describeWaiting(late) });
}
