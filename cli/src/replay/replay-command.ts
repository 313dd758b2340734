import {
  CLUSTER,
  type ClusterComparison,
  ClusterError,
  compareCluster,
  damageOf,
  type EventStore,
  type Kernel,
  RECONCILER,
  type ReplayResult,
  replayLog,
  rynxsError,
} from '@rynxs/kernel';
import { startClientKernel, startOfflineKernel } from '../cluster/client-kernel.js';
import { chosenKubeconfig } from '../cluster/kubeconfig.js';
import { logLocation } from '../log-reading/log-location.js';
import { notFound, openLogForReading } from '../log-reading/open-log.js';
import { readFailure } from '../log-reading/read-failure.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';
import { formatReplay, replayReport } from './replay-report.js';

interface ReplayOptions {
  readonly store?: string;
  readonly kubeconfig?: string;
  readonly at?: number;
  readonly diff: boolean;
  readonly output: OutputFormat;
}

/**
 * `rynxs replay`. Resolves to the exit code: 1 when something differs. Throws RYNXS_LOG_DAMAGED, RYNXS_LOG_NOT_FOUND,
 * RYNXS_LOG_NO_SUCH_RECORD for a log that ends before `at`,
 * RYNXS_LOG_UNAVAILABLE, and RYNXS_CLUSTER_REQUEST when a cluster that was named does not answer.
 */
export async function replayCommand(options: ReplayOptions, terminal: Terminal): Promise<number> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  const report = await withKernel(await startOfflineKernel(terminal), async (kernel) => {
    const result = await replay(store, kernel, options.at, terminal);
    if (result.records === 0) throw notFound(store);
    if (options.at !== undefined && result.records <= options.at) {
      throw rynxsError('RYNXS_LOG_NO_SUCH_RECORD', { location: store.location, seq: options.at });
    }
    const cluster = options.diff ? await compare(result, options.kubeconfig, terminal) : undefined;
    return replayReport(store.location, result, cluster);
  });
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify(report)}\n` : formatReplay(report, options.diff),
  );
  return report.same ? 0 : 1;
}

async function replay(
  store: EventStore,
  kernel: Kernel,
  at: number | undefined,
  terminal: Terminal,
): Promise<ReplayResult> {
  using progress = new ProgressLine(terminal);
  try {
    return await replayLog({
      chunks: readChunks(store, terminal.interrupted),
      reconcilers: kernel.getAll(RECONCILER),
      ...(at === undefined ? {} : { at }),
      onProgress: (records) => progress.show(`replaying: ${formatCount(records, 'record')}`),
    });
  } catch (cause) {
    terminal.interrupted.throwIfAborted();
    // What a reconciler throws is its own defect, not the log's.
    throw damageOf(cause) === undefined ? cause : readFailure(store, cause);
  }
}

async function* readChunks(store: EventStore, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* store.read(0, signal);
  } catch (cause) {
    throw readFailure(store, cause);
  }
}

/** What the cluster has, against the replayed state; the reason in words where no cluster can be asked. */
async function compare(
  { projection }: ReplayResult,
  named: string | undefined,
  terminal: Terminal,
): Promise<ClusterComparison | string> {
  try {
    return await withKernel(await startClientKernel(chosenKubeconfig(named, terminal), terminal), (kernel) =>
      compareCluster(projection, kernel.get(CLUSTER), terminal.interrupted),
    );
  } catch (cause) {
    terminal.interrupted.throwIfAborted();
    const detail = cause instanceof Error ? cause.message : String(cause);
    // Without a cluster of the user's choice, comparing with one is an extra: a stopped `rynxs dev` is no failure.
    if (named === undefined) return detail;
    if (!(cause instanceof ClusterError)) throw cause;
    throw rynxsError('RYNXS_CLUSTER_REQUEST', { what: 'compare with the cluster', detail }, { cause });
  }
}
