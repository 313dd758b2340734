import { once } from 'node:events';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readKubeconfig } from '../dist/cluster/real-cluster/kubeconfig.js';

/** Watches objects as their users would, to know when so many are as they wait for them to be. */
export class ObjectWatch {
  #matching = new Set();
  #matches;
  #request;
  #onChange = () => {};

  /** Resolves when the API server has begun to answer. `matches` is asked of each version of each object. */
  static async start({ kubeconfig }, path, matches) {
    const watch = new ObjectWatch();
    watch.#matches = matches;
    const { server, credentials } = readKubeconfig(kubeconfig);
    const url = new URL(`${path}?watch=1&allowWatchBookmarks=false`, server.url);
    const response = await watch.#ask(url, { ca: server.ca, ...credentials, agent: false });
    createInterface(response)
      .on('line', (line) => watch.#take(JSON.parse(line)))
      .on('error', () => {}); // how it ends on disposal
    return watch;
  }

  /** Resolves when so many objects match, to the time on the monotonic clock. */
  matching(count, signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`${this.#matching.size} of ${count} objects`)));
      this.#onChange = () => {
        if (this.#matching.size === count) resolve(performance.now());
      };
      this.#onChange();
    });
  }

  /** A kind that is new is answered 429 until the API server has a cache of it. */
  async #ask(url, options) {
    for (;;) {
      this.#request = request(url, options).end();
      const [response] = await once(this.#request, 'response');
      if (response.statusCode === 200) return response;
      this.#request.destroy();
      if (response.statusCode !== 429) throw new Error(`the watch was answered ${response.statusCode}`);
      await delay(100);
    }
  }

  async [Symbol.asyncDispose]() {
    this.#request.on('error', () => {}).destroy();
  }

  #take({ type, object }) {
    if (type !== 'DELETED' && this.#matches(object)) this.#matching.add(object.metadata.name);
    else this.#matching.delete(object.metadata.name);
    this.#onChange();
  }
}
