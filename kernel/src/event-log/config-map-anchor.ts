import { NoteError, parseCheckpointNote } from '@rynxs/log';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ResourceType,
} from '../contracts/cluster.js';
import { nameInShard } from '../contracts/operator-place.js';
import { ANCHOR_TIMEOUT_MS, type AnchorEntry, type LogAnchor } from './log-anchor.js';

const CONFIG_MAP: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const ANCHOR_NAME = 'rynxs-log-anchor';
const MAX_ATTEMPTS = 5;
/** The key of a log id; what was replaced stands under `<log id>.replaced-<size>`. */
const LOG_KEY = /^[^.]+$/;

type AnchorData = Readonly<Record<string, string>>;

/** The anchor in a ConfigMap of the cluster: one for each shard, in it one key for each log. */
export class ConfigMapAnchor implements LogAnchor {
  readonly location: string;
  readonly #cluster: Cluster;
  readonly #key: { readonly namespace: string; readonly name: string };

  constructor(cluster: Cluster, namespace: string, shard: string) {
    this.#cluster = cluster;
    this.#key = { namespace, name: nameInShard(ANCHOR_NAME, shard) };
    this.location = `ConfigMap ${namespace}/${this.#key.name}`;
  }

  async read(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const data = dataOf(await this.#get(signal));
    return new Map(Object.entries(data).filter(([key]) => LOG_KEY.test(key)));
  }

  async advance(
    entry: AnchorEntry,
    signal: AbortSignal,
    beforeSend: () => void,
    timeoutMs?: number,
  ): Promise<void> {
    await this.#change(
      (data) => {
        const known = data[entry.logId];
        return known !== undefined && sizeOf(known) >= entry.size
          ? data
          : { ...data, [entry.logId]: entry.text };
      },
      signal,
      beforeSend,
      timeoutMs,
    );
  }

  async replace(entry: AnchorEntry, signal: AbortSignal): Promise<void> {
    await this.#change((data) => {
      const kept = Object.entries(data).map(([key, text]) =>
        LOG_KEY.test(key) ? [`${key}.replaced-${sizeOf(text)}`, text] : [key, text],
      );
      return { ...Object.fromEntries(kept), [entry.logId]: entry.text };
    }, signal);
  }

  /** Reads, changes and writes, by resource version; begins again when somebody else was faster. */
  async #change(
    change: (data: AnchorData) => AnchorData,
    signal: AbortSignal,
    beforeSend: () => void = () => undefined,
    timeoutMs = ANCHOR_TIMEOUT_MS,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const live = await this.#get(signal);
      const before = dataOf(live);
      const data = change(before);
      if (data === before) return;
      try {
        const options = { signal, beforeSend, timeoutMs };
        if (live === undefined) {
          await this.#cluster.create(CONFIG_MAP, { ...this.#empty(), data }, options);
        } else {
          await this.#cluster.update(CONFIG_MAP, { ...live, data }, options);
        }
        return;
      } catch (error) {
        const isBeaten =
          error instanceof ClusterError && (error.reason === 'conflict' || error.reason === 'exists');
        if (!isBeaten || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async #get(signal: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      return await this.#cluster.get(CONFIG_MAP, this.#key, { signal, timeoutMs: ANCHOR_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'missing') return undefined;
      throw error;
    }
  }

  #empty(): KubernetesObject {
    const labels = { 'app.kubernetes.io/managed-by': 'rynxs', 'app.kubernetes.io/component': 'log-anchor' };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...this.#key, labels } };
  }
}

function dataOf(object: KubernetesObject | undefined): AnchorData {
  return (object?.data as AnchorData | undefined) ?? {};
}

/** The size that a checkpoint speaks of; 0 for what is none. */
function sizeOf(text: string): number {
  try {
    return parseCheckpointNote(text).size;
  } catch (error) {
    if (error instanceof NoteError) return 0;
    throw error;
  }
}
