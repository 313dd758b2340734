import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  CLOCK,
  CLUSTER,
  ConfigMapAnchor,
  type EventStore,
  type Kernel,
  type LogAnchor,
  type LogKeys,
  type LogOwner,
  type LogRecovery,
  RANDOM,
  readLogKeys,
  recoverLog,
  rynxsError,
  StandaloneLeadership,
  TELEMETRY,
} from '@rynxs/kernel';
import {
  startClientKernel,
  startOfflineKernel,
  startRestingClusterKernel,
} from '../cluster/client-kernel.js';
import { chosenKubeconfig } from '../cluster/kubeconfig.js';
import { clusterDirectory, dataDirectory } from '../data-directory.js';
import { defaultKeyFile } from '../keys/key-file.js';
import { logLocation } from '../log-reading/log-location.js';
import { openLogForReading } from '../log-reading/open-log.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';
import { describeLoss, formatLoss } from './describe-loss.js';

export interface RecoverOptions {
  readonly store?: string;
  readonly acceptLoss: boolean;
  readonly reason?: string;
  /** File with the key that signs the checkpoint over the loss. */
  readonly signingKey?: string;
  readonly key?: readonly string[];
  /** Whether the anchor in the cluster is asked, and moved. */
  readonly anchor: boolean;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly output: OutputFormat;
}

const NOT_ACCEPTED = 1;

/**
 * `rynxs log recover`. Without both `--accept-loss` and a reason it tells what would be given up, changes nothing, and
 * resolves to 1. Throws RYNXS_LOG_NOT_LOST, RYNXS_LOG_LOCKED while an operator runs, RYNXS_LOG_DAMAGED for what is no loss
 * but damage, RYNXS_LOG_KEY, and what the cluster throws.
 */
export async function recoverCommand(options: RecoverOptions, terminal: Terminal): Promise<number> {
  const location = logLocation(options.store, terminal);
  const store = await openLogForReading(location);
  return withKernel(await recoveryKernel(options, terminal), async (kernel) => {
    const keys = await recoveryKeys(options, kernel, terminal);
    const anchor = options.anchor ? anchorOf(kernel, options.namespace) : undefined;
    const { acceptLoss, reason } = options;
    if (acceptLoss && reason !== undefined && reason.trim() !== '') {
      const owner = options.anchor ? await ownerFrom(kernel, terminal.interrupted) : undefined;
      const recovery = await accept(store, kernel, { keys, anchor, reason, owner }, terminal);
      terminal.stdout.write(
        options.output === 'json'
          ? `${JSON.stringify(recoveryReport(store, recovery, reason))}\n`
          : formatRecovery(store, recovery),
      );
      return 0;
    }
    const loss = await describeLoss(store, { trusted: keys.trusted, anchor }, terminal.interrupted);
    terminal.stdout.write(options.output === 'json' ? `${JSON.stringify(loss)}\n` : formatLoss(loss));
    return NOT_ACCEPTED;
  });
}

/** The operator's keys: as named, else as it is configured, else the user's own. */
async function recoveryKeys(
  options: RecoverOptions,
  { settings }: Kernel,
  { env, cwd }: Terminal,
): Promise<LogKeys> {
  const usual = defaultKeyFile(env);
  const configured =
    options.signingKey === undefined ? settings.signingKeyFile : resolve(cwd, options.signingKey);
  const signingKeyFile = configured ?? (existsSync(usual) ? usual : undefined);
  const own = await readLogKeys({ ...settings, signingKeyFile });
  return { ...own, trusted: [...own.trusted, ...(await trustedKeys(options.key, cwd))] };
}

/** A kernel with the cluster that holds the anchor. That of `rynxs dev` rests while nothing writes its log. */
function recoveryKernel({ store, kubeconfig, anchor }: RecoverOptions, terminal: Terminal): Promise<Kernel> {
  if (!anchor) return startOfflineKernel(terminal);
  const ofDev = dataDirectory(undefined, terminal.cwd);
  if (store === undefined && kubeconfig === undefined && existsSync(clusterDirectory(ofDev))) {
    return startRestingClusterKernel(ofDev, terminal);
  }
  return startClientKernel(chosenKubeconfig(kubeconfig, terminal), terminal);
}

function anchorOf(kernel: Kernel, namespace: string | undefined): LogAnchor {
  const { settings } = kernel;
  return new ConfigMapAnchor(kernel.get(CLUSTER), namespace ?? settings.namespace, settings.shard);
}

/** Whose the log is; a log of which nothing is left cannot tell. */
async function ownerFrom(kernel: Kernel, signal: AbortSignal): Promise<LogOwner> {
  const { uid } = await kernel.get(CLUSTER).info(signal);
  return { clusterUid: uid, shard: kernel.settings.shard };
}

interface Acceptance {
  readonly keys: LogKeys;
  readonly anchor: LogAnchor | undefined;
  readonly reason: string;
  readonly owner: LogOwner | undefined;
}

async function accept(
  store: EventStore,
  kernel: Kernel,
  { keys, anchor, reason, owner }: Acceptance,
  { interrupted }: Terminal,
): Promise<LogRecovery> {
  const random = kernel.get(RANDOM);
  for await (const tenure of new StandaloneLeadership(random).campaign(interrupted)) {
    try {
      return await recoverLog(
        {
          store,
          clock: kernel.get(CLOCK),
          random,
          telemetry: kernel.get(TELEMETRY),
          logger: kernel.logger,
          keys,
          ...(anchor === undefined ? {} : { anchor }),
          onRecord: () => undefined,
        },
        { tenure, reason, ...(owner === undefined ? {} : { owner }) },
        interrupted,
      );
    } finally {
      await tenure.release();
    }
  }
  throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'the command was interrupted' });
}

function recoveryReport({ location }: EventStore, recovery: LogRecovery, reason: string): object {
  const { identity, lostFrom, lostTo, seq, size, anchor } = recovery;
  return {
    accepted: true,
    location,
    log_id: identity.logId,
    lost_from: lostFrom,
    lost_to: lostTo,
    reason,
    seq,
    size,
    anchor: anchor ?? null,
  };
}

function formatRecovery({ location }: EventStore, recovery: LogRecovery): string {
  const { lostFrom, lostTo, seq, size, anchor } = recovery;
  return `recovered: the loss is on the record
log         ${location}
given up    seq ${lostFrom} to ${lostTo}
recorded    LogRecovered at seq ${seq}
new head    seq ${size - 1}
anchor      ${anchor === undefined ? 'none' : `${anchor} is at ${size} records; what it held is kept there`}
`;
}
