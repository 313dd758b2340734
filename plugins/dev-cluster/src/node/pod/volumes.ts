import { createHash } from 'node:crypto';
import { chown, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KubernetesObject } from '@rynxs/kernel';
import { PERSISTENT_VOLUME_CLAIMS } from '../../resources/types.js';
import {
  asJson,
  isJsonObject,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
} from '../../storage/json.js';
import { giveTree, passableDirectory } from '../directories.js';
import type { HostIdentity } from '../sandbox/identity.js';
import { configMapData, type ObjectReader, secretData } from './environment.js';
import { failedMount, PodProblem, unsupported } from './pod-problem.js';

export interface VolumeOptions {
  readonly pod: KubernetesObject;
  readonly reader: ObjectReader;
  readonly identity: HostIdentity;
  /** The node's directory. */
  readonly nodeDir: string;
  /** The pod's directory, relative to `nodeDir`. */
  readonly podDir: string;
}

const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The uid of an object, for use in a path. Throws when it is none. */
export function safeUid({ metadata }: KubernetesObject): string {
  if (metadata.uid !== undefined && UID.test(metadata.uid)) return metadata.uid;
  throw new Error(`"${metadata.uid}" of ${metadata.name} is no uid`);
}

/** A volume as a directory. */
export interface ReadyVolume {
  /** Relative to the node's directory. */
  readonly source: string;
  readonly readOnly: boolean;
}

/** Where the node keeps the data of a claim, relative to its directory. */
export function claimDirectory(claim: KubernetesObject): string {
  return join('volumes', safeUid(claim));
}

/**
 * Makes a directory of every volume of a pod: claims and emptyDirs belong to the containers' user, ConfigMaps and Secrets
 * are written out. Call it again to bring the latter up to date. Throws PodProblem.
 */
export async function prepareVolumes(options: VolumeOptions): Promise<ReadonlyMap<string, ReadyVolume>> {
  const ready = new Map<string, ReadyVolume>();
  for (const volume of objectsAt(asJson(options.pod), 'spec', 'volumes')) {
    const name = stringAt(volume, 'name') ?? '';
    ready.set(name, await prepareVolume(name, volume, options));
  }
  return ready;
}

async function prepareVolume(name: string, volume: JsonObject, options: VolumeOptions): Promise<ReadyVolume> {
  const { pod, reader } = options;
  const own = join(options.podDir, 'volumes', name);
  const [kind] = Object.keys(volume).filter((field) => field !== 'name');
  const source = objectAt(volume, kind ?? '');
  switch (kind) {
    case 'emptyDir':
      await ownedDirectory(own, options);
      return { source: own, readOnly: false };
    case 'persistentVolumeClaim': {
      const directory = claimDirectory(boundClaim(name, stringAt(source, 'claimName') ?? '', options));
      await ownedDirectory(directory, options);
      return { source: directory, readOnly: source.readOnly === true };
    }
    case 'configMap':
    case 'secret': {
      const isSecret = kind === 'secret';
      const object = stringAt(source, isSecret ? 'secretName' : 'name') ?? '';
      const data = withMountErrors(name, () =>
        (isSecret ? secretData : configMapData)(reader, pod, object, source.optional === true),
      );
      await writeFiles(own, selectItems(name, object, data ?? {}, source), options);
      return { source: own, readOnly: true };
    }
    default:
      throw unsupported(`volume "${name}": the embedded node has no volumes of type ${kind ?? 'none'}`);
  }
}

function boundClaim(volume: string, claimName: string, { pod, reader }: VolumeOptions): KubernetesObject {
  const claim = reader.get(PERSISTENT_VOLUME_CLAIMS, {
    namespace: pod.metadata.namespace ?? 'default',
    name: claimName,
  });
  if (claim === undefined) throw failedMount(volume, `persistentvolumeclaim "${claimName}" not found`);
  if (stringAt(asJson(claim), 'status', 'phase') !== 'Bound') {
    throw failedMount(volume, `persistentvolumeclaim "${claimName}" is not bound`);
  }
  return claim;
}

/** Missing references are, for a volume, something to wait for. */
function withMountErrors<T>(volume: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PodProblem) throw failedMount(volume, error.message);
    throw error;
  }
}

interface VolumeFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly mode: number;
}

function selectItems(
  volume: string,
  object: string,
  data: Readonly<Record<string, Buffer>>,
  source: JsonObject,
): VolumeFile[] {
  const defaultMode = numberAt(source, 'defaultMode') ?? 0o644;
  if (!Array.isArray(source.items)) {
    return Object.entries(data).map(([path, bytes]) => ({ path, bytes, mode: defaultMode }));
  }
  return source.items.filter(isJsonObject).flatMap((item) => {
    const key = stringAt(item, 'key') ?? '';
    const path = stringAt(item, 'path') ?? '';
    if (path === '' || path.startsWith('/') || path.split('/').includes('..')) {
      throw unsupported(`volume "${volume}": the path "${path}" of an item is not a plain relative path`);
    }
    const bytes = Object.hasOwn(data, key) ? data[key] : undefined;
    if (bytes === undefined) {
      if (source.optional === true) return [];
      throw failedMount(volume, `references non-existent config key: ${key} of ${object}`);
    }
    return [{ path, bytes, mode: numberAt(item, 'mode') ?? defaultMode }];
  });
}

/**
 * Writes files so that a reader sees all of the old ones or all of the new ones: the names are links into `..data`, which
 * is a link that is replaced in one step.
 */
async function writeFiles(
  directory: string,
  files: readonly VolumeFile[],
  { nodeDir, identity }: VolumeOptions,
): Promise<void> {
  const absolute = join(nodeDir, directory);
  await passableDirectory(dirname(absolute));
  await mkdir(absolute, { recursive: true });
  if (identity.dropsRoot) await chown(absolute, identity.uid, identity.gid);
  const hash = createHash('sha256');
  for (const { path, bytes, mode } of files) hash.update(JSON.stringify([path, mode])).update(bytes);
  const version = `..${hash.digest('hex').slice(0, 16)}`;
  const current = join(absolute, '..data');
  const previous = await readlink(current).catch(() => undefined);
  if (previous === version) return;
  for (const { path, bytes, mode } of files) {
    const target = join(absolute, version, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { mode });
  }
  await mkdir(join(absolute, version), { recursive: true });
  // The host user of the sandbox stands for the container's user: also a file of mode 0400 is for it to read.
  await giveTree(join(absolute, version), identity);
  await symlink(version, `${current}.new`);
  await rename(`${current}.new`, current);
  const names = new Set(files.map(({ path }) => path.split('/')[0] ?? path));
  for (const name of names) {
    await symlink(join('..data', name), join(absolute, name)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
  if (previous === undefined) return;
  for (const name of await readdir(absolute)) {
    if (!name.startsWith('..') && !names.has(name)) await rm(join(absolute, name), { force: true });
  }
  await rm(join(absolute, previous), { recursive: true, force: true });
}

async function ownedDirectory(directory: string, { nodeDir, identity }: VolumeOptions): Promise<void> {
  const absolute = join(nodeDir, directory);
  await passableDirectory(dirname(absolute));
  await mkdir(absolute, { recursive: true });
  if (identity.dropsRoot) await chown(absolute, identity.uid, identity.gid);
}
