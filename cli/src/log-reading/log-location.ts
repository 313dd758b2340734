import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { rynxsError } from '@rynxs/kernel';
import { dataDirectory, logDirectory } from '../data-directory.js';
import type { Terminal } from '../terminal/terminal.js';

/** Where a log is: the scheme picks the driver, the rest is the driver's. */
export interface LogLocation {
  readonly scheme: string;
  /** For `file` the absolute path of the directory, else what follows `://`. */
  readonly address: string;
  /** Where a driver finds what else it needs: endpoint, region, credentials. */
  readonly env: Terminal['env'];
}

/** What an operator that is told no prefix puts its log under (setting `prefix` of store-s3). */
const DEFAULT_PREFIX = 'events';

/**
 * The log that a command means: `--store`, else the one of `rynxs dev` in this directory, else that of an operator with this
 * environment, as in its pod: S3_BUCKET and S3_PREFIX with EVENT_STORE_TYPE=s3, otherwise LOG_DIR.
 * Throws RYNXS_STORE_URL for what is no URL, RYNXS_LOG_NOT_FOUND when nothing names a log.
 */
export function logLocation(
  store: string | undefined,
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
): LogLocation {
  if (store !== undefined) return { ...parseLocation(store, cwd), env };
  const ofDev = logDirectory(dataDirectory(undefined, cwd));
  if (existsSync(ofDev)) return { scheme: 'file', address: ofDev, env };
  const bucket = env.S3_BUCKET ?? '';
  if (env.EVENT_STORE_TYPE === 's3' && bucket !== '') {
    return { scheme: 's3', address: `${bucket}/${env.S3_PREFIX || DEFAULT_PREFIX}`, env };
  }
  const directory = env.LOG_DIR ?? '';
  if (directory !== '') return { scheme: 'file', address: resolve(cwd, directory), env };
  throw rynxsError('RYNXS_LOG_NOT_FOUND', { location: ofDev });
}

/** `file://` may be followed by a relative path too, which URLs cannot hold. */
function parseLocation(store: string, cwd: string): Omit<LogLocation, 'env'> {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.+)$/.exec(store);
  if (match === null) {
    throw rynxsError('RYNXS_STORE_URL', { url: store, detail: 'it has no scheme, or nothing follows it' });
  }
  const [, scheme = '', rest = ''] = match;
  if (scheme !== 'file') return { scheme, address: rest };
  return { scheme, address: resolve(cwd, decoded(store, rest)) };
}

function decoded(store: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    const detail = 'a percent sign in a path is written %25';
    throw rynxsError('RYNXS_STORE_URL', { url: store, detail }, { cause });
  }
}
