import { type EventStore, readSigningKey, rynxsError } from '@rynxs/kernel';
import { checkpointOrigin } from '@rynxs/log';
import { logLocation } from '../log-reading/log-location.js';
import { openLogForReading } from '../log-reading/open-log.js';
import { readCommits } from '../log-reading/read-records.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { shownKeyFile } from './key-file.js';

/**
 * `rynxs keys show`: the verifier key of a signing key; with a log, under the name by which others' tools know that log.
 * Throws RYNXS_LOG_KEY, and RYNXS_LOG_NOT_FOUND when the log has no identity.
 */
export async function showKeyCommand(
  options: { readonly key?: string; readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const file = shownKeyFile(options.key, terminal);
  const { verifier } = await readSigningKey(file);
  const origin = options.store === undefined ? undefined : await originOf(options.store, terminal);
  const vkey = (origin === undefined ? verifier : verifier.named(origin)).toString();
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify({ file, vkey, origin: origin ?? null })}\n` : `${vkey}\n`,
  );
}

async function originOf(url: string, terminal: Terminal): Promise<string> {
  const store = await openLogForReading(logLocation(url, terminal));
  const logId = await logIdOf(store, terminal.interrupted);
  if (logId === undefined) throw rynxsError('RYNXS_LOG_NOT_FOUND', { location: store.location });
  return checkpointOrigin(logId);
}

/** The identity from the first term; records of earlier versions may stand before that. */
async function logIdOf(store: EventStore, signal: AbortSignal): Promise<string | undefined> {
  for await (const { records } of readCommits(store, 0, signal)) {
    const started = records.find(({ event }) => event.type === 'EpochStarted');
    const logId = started?.event.payload.log_id;
    if (typeof logId === 'string') return logId;
  }
  return undefined;
}
