import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readKubeconfig } from './real-cluster/kubeconfig.js';
import type { RealCluster } from './real-cluster.js';

/**
 * What happens to a request. `reset` ends the connection before the server sees it, `lost` after the server has carried
 * it out, `held` never answers what the server has carried out; an answer is given instead of the server's, and with
 * `late` the server has carried the request out before; `delayMs` passes the answer on so much later.
 */
export type ApiFault =
  | 'reset'
  | 'lost'
  | 'held'
  | { readonly status: number; readonly retryAfter?: string; readonly late?: boolean }
  | { readonly delayMs: number };

/** A request before it is passed on. */
export interface AskedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** When it came, of `performance.now()`. */
  readonly atMs: number;
}

/** A request, and what happened to it. */
export interface SeenRequest extends AskedRequest {
  readonly fault: ApiFault | undefined;
}

const REASONS: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** Stands between an operator and a real API server, as its administrator, and spoils what it is told to. */
export class ApiFaultProxy implements AsyncDisposable {
  /** Asked for each request; may do something before it goes on. */
  fault: (request: AskedRequest) => ApiFault | undefined | Promise<undefined> = () => undefined;
  readonly requests: SeenRequest[] = [];
  readonly #watches = new Set<ServerResponse>();
  readonly #target: URL;
  readonly #agent: Agent;
  readonly #server: Server;

  private constructor(url: string, agent: Agent) {
    this.#target = new URL(url);
    this.#agent = agent;
    this.#server = createServer((incoming, response) => {
      this.#pass(incoming, response).catch(() => response.destroy());
    });
  }

  static async start(cluster: RealCluster): Promise<ApiFaultProxy> {
    const { server, credentials } = readKubeconfig(cluster.kubeconfig);
    const agent = new Agent({ keepAlive: true, ca: server.ca, ...credentials });
    const proxy = new ApiFaultProxy(server.url, agent);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Writes a kubeconfig of the proxy into `directory` and returns its path. */
  writeKubeconfig(directory: string): string {
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'proxy',
      clusters: [{ name: 'proxy', cluster: { server } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy' } }],
    };
    const file = join(directory, 'proxy.kubeconfig');
    writeFileSync(file, stringify(config));
    return file;
  }

  /** How many watches are open. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** Cuts every watch that is open, in the middle of the stream; returns how many there were. */
  cutWatches(): number {
    const watches = [...this.#watches];
    for (const watch of watches) watch.destroy();
    return watches.length;
  }

  /** Says on every open watch, as an API server does in its stream, that the version is no longer kept. */
  expireWatches(): void {
    const status = { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: 'as told' };
    for (const response of this.#watches)
      response.end(`${JSON.stringify({ type: 'ERROR', object: { apiVersion: 'v1', ...status } })}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url: path = '' } = incoming;
    const asked = { method, path, isWatch: path.includes('watch=true'), atMs: performance.now() };
    const fault = await this.fault(asked);
    this.requests.push({ ...asked, fault });
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (isAnswer(fault) && fault.late !== true) {
      refuse(response, fault);
      return;
    }
    const answer = await this.#forward(incoming, Buffer.concat(chunks));
    if (typeof fault === 'object' && 'delayMs' in fault)
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault === 'lost' || fault === 'held' || isAnswer(fault)) {
      answer.resume();
      await once(answer, 'end');
      if (fault === 'lost') incoming.socket.resetAndDestroy();
      else if (isAnswer(fault)) refuse(response, fault);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (asked.isWatch) this.#follow(response, answer);
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  }

  #follow(watch: ServerResponse, answer: IncomingMessage): void {
    watch.flushHeaders();
    this.#watches.add(watch);
    watch.once('close', () => {
      this.#watches.delete(watch);
      answer.destroy();
    });
  }

  async #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const outgoing = request(new URL(url ?? '', this.#target), {
      method,
      agent: this.#agent,
      headers: { ...headers, host: this.#target.host },
    });
    outgoing.end(body);
    const [answer] = await once(outgoing, 'response');
    return answer;
  }
}

type Answer = Extract<ApiFault, { readonly status: number }>;

function isAnswer(fault: ApiFault | undefined): fault is Answer {
  return typeof fault === 'object' && 'status' in fault;
}

/** In the form in which an API server says it. */
function refuse(response: ServerResponse, { status, retryAfter }: Answer): void {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: REASONS[status], code: status };
  response.end(JSON.stringify({ ...body, message: 'as told' }));
}
