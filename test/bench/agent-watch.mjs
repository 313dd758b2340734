import { once } from 'node:events';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readKubeconfig } from '../dist/cluster/real-cluster/kubeconfig.js';

/** Watches Agents as their users would, to know when each has been observed. */
export class AgentWatch {
  #observed = new Set();
  #request;
  #onChange = () => {};

  /** Resolves when the API server has begun to answer. */
  static async start({ kubeconfig }, path) {
    const watch = new AgentWatch();
    const { server, credentials } = readKubeconfig(kubeconfig);
    const url = new URL(`${path}?watch=1&allowWatchBookmarks=false`, server.url);
    const response = await watch.#ask(url, { ca: server.ca, ...credentials, agent: false });
    createInterface(response)
      .on('line', (line) => watch.#take(JSON.parse(line)))
      .on('error', () => {}); // how it ends on disposal
    return watch;
  }

  /** Resolves when so many Agents were observed, to the time on the monotonic clock. */
  observed(count, signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`${this.#observed.size} of ${count} Agents`)));
      this.#onChange = () => {
        if (this.#observed.size >= count) resolve(performance.now());
      };
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

  #take({ object }) {
    if (object.status?.observedGeneration === undefined) return;
    this.#observed.add(object.metadata.name);
    this.#onChange();
  }
}
