import type { Cluster, ClusterInfo, KubernetesObject, ResourceCache } from '../contracts/cluster.js';

/**
 * A cluster that exists between the start and the stop of a plugin: everything is passed on to the client that there is
 * then. What `connected` throws becomes a rejection, but for `cache`, which is synchronous.
 */
export abstract class ForwardingCluster implements Cluster {
  /** The client; throws ClusterError (`unavailable`) while there is none. */
  protected abstract connected(): Cluster;

  async info(...args: Parameters<Cluster['info']>): Promise<ClusterInfo> {
    return this.connected().info(...args);
  }

  async get(...args: Parameters<Cluster['get']>): Promise<KubernetesObject> {
    return this.connected().get(...args);
  }

  async list(...args: Parameters<Cluster['list']>): Promise<readonly KubernetesObject[]> {
    return this.connected().list(...args);
  }

  async create(...args: Parameters<Cluster['create']>): Promise<KubernetesObject> {
    return this.connected().create(...args);
  }

  async update(...args: Parameters<Cluster['update']>): Promise<KubernetesObject> {
    return this.connected().update(...args);
  }

  async updateStatus(...args: Parameters<Cluster['updateStatus']>): Promise<KubernetesObject> {
    return this.connected().updateStatus(...args);
  }

  async delete(...args: Parameters<Cluster['delete']>): Promise<void> {
    return this.connected().delete(...args);
  }

  cache(...args: Parameters<Cluster['cache']>): ResourceCache {
    return this.connected().cache(...args);
  }

  async exec(...args: Parameters<Cluster['exec']>): Promise<number> {
    return this.connected().exec(...args);
  }

  async logs(...args: Parameters<Cluster['logs']>): Promise<void> {
    return this.connected().logs(...args);
  }
}
