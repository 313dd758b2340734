import type { Stats } from 'node:fs';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EventStore, StoreProbe } from '@rynxs/kernel';
import { readFailure } from '../../log-reading/read-failure.js';
import { formatBytes, formatCount } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok, skipped, warning } from '../finding.js';
import { directoryOf, type Installation, isUnmounted } from '../installation.js';

/** Below this much the next segment of the log (LOG_SEGMENT_SIZE, 64 MiB) may not find room. */
const LEAST_FREE_BYTES = 64 * 2 ** 20;
/** The alert RynxsLogDiskFilling fires above the same share. */
const FULL_ENOUGH = 0.85;

const SPACE_REMEDY = 'Make the volume larger, or free space on it: the log is never shortened.';

/** Whether the log can be read and written where the configuration says, and whether the place keeps writers apart. */
export const storeCheck: Check = {
  name: 'store',
  parts: [
    async (installation, signal) => {
      const store = await installation.store();
      const directory = directoryOf(store);
      if (directory !== undefined && (await isUnmounted(store))) return [await judgeAbsence(directory)];
      return [await readable(installation, store, signal)];
    },
    async (installation) => {
      const store = await installation.store();
      const directory = directoryOf(store);
      return directory === undefined || (await isUnmounted(store)) ? [] : judgeDirectory(directory);
    },
    async (installation, signal) => race(installation, await installation.store(), signal),
  ],
};

async function readable(
  installation: Installation,
  store: EventStore,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const { head } = await installation.log();
    return ok(`${store.location} can be read: ${formatCount(head.nextSeq, 'record')}`);
  } catch (error) {
    signal.throwIfAborted();
    const { message, remedy } = readFailure(store, error);
    return failed(message, remedy);
  }
}

/** A directory that is not there is made when the operator starts; in a pod that lacks its volume nobody can make it. */
async function judgeAbsence(directory: string): Promise<Finding> {
  if (await isWritableDirectory(await nearestThere(directory))) {
    return ok(`there is no log in ${directory} yet: the operator makes it when it starts`);
  }
  return skipped(
    `there is no log in ${directory}, and none can be made from here: its volume is not mounted`,
    'Look at it where it is: `kubectl exec deploy/rynxs-operator -- rynxs doctor --check store`.',
  );
}

async function judgeDirectory(directory: string): Promise<readonly Finding[]> {
  const { bavail, blocks, bfree, bsize } = await statfs(directory);
  const used = blocks - bfree;
  // As df has it: what only root may use counts as neither.
  const space = judgeSpace(directory, bavail * bsize, used / Math.max(1, used + bavail));
  if (await isWritableDirectory(directory)) return [space];
  const remedy = 'Run it as the user whom the directory belongs to; in a pod set fsGroup.';
  return [space, failed(`${directory} may not be written by this user`, remedy)];
}

/** `usedShare` is of 1. */
export function judgeSpace(directory: string, freeBytes: number, usedShare: number): Finding {
  const text = `${formatBytes(freeBytes)} are free for ${directory}, ${Math.round(usedShare * 100)} % are used`;
  if (freeBytes < LEAST_FREE_BYTES) return failed(text, SPACE_REMEDY);
  return usedShare > FULL_ENOUGH ? warning(text, SPACE_REMEDY) : ok(text);
}

/** Races for a name of its own beside the log, which stays there: 64 bytes. */
async function race(
  installation: Installation,
  store: EventStore,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { settings } = await installation.knownKernel();
  try {
    const result = await store.probe?.(signal);
    return result === undefined ? [] : [judgeProbe(result, settings.leadershipType)];
  } catch (error) {
    signal.throwIfAborted();
    const { message, remedy } = readFailure(store, error);
    return [failed(`a conditional write failed: ${message}`, remedy)];
  }
}

/** One writer has to win. Where the settings know of one only, that there is no other is up to who runs it. */
export function judgeProbe({ racers, winners }: StoreProbe, leadershipType: string): Finding {
  if (winners === 1) return ok(`of ${racers} that created one name at once, one did`);
  const text = `the store is no fence between writers: ${winners} of ${racers} that created one name at once were told that they did`;
  const remedy = 'Use a server that honours If-None-Match';
  return leadershipType === 'standalone'
    ? warning(text, `${remedy}; until then make sure that only one operator writes.`)
    : failed(text, `${remedy}, or a single operator with LEADERSHIP_TYPE=standalone.`);
}

async function nearestThere(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if (at === dirname(at) || (await exists(at))) return at;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lookAt(path, constants.F_OK)) !== undefined;
}

async function isWritableDirectory(path: string): Promise<boolean> {
  return (await lookAt(path, constants.W_OK))?.isDirectory() ?? false;
}

/** What is there, where this user may do with it what `mode` says; else undefined. */
async function lookAt(path: string, mode: number): Promise<Stats | undefined> {
  try {
    await access(path, mode);
    return await stat(path);
  } catch {
    return undefined;
  }
}
