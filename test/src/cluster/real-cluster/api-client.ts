import { once } from 'node:events';
import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials, Server } from './kubeconfig.js';

const REQUEST_TIMEOUT_MS = 30_000;
/** An API server that has just been started answers so for a second or two. */
const TOO_MANY_REQUESTS = 429;
const RETRY_MS = 1_000;
const MAX_RETRIES = 15;

export interface ApiAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** What most answers are: an object of some kind, or a Status that says what is wrong. */
export interface ApiObject {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly [field: string]: unknown;
  };
  readonly message?: string;
  readonly [field: string]: unknown;
}

/** Why the API server did not do what a test needs to be done. */
export class ApiRefusal extends Error {
  constructor(
    method: string,
    path: string,
    readonly answer: ApiAnswer<unknown>,
  ) {
    super(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** Plain requests to a Kubernetes API, to arrange and to look at what is under test: none of our own client in it. */
export class ApiClient implements Disposable {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: OutgoingHttpHeaders;

  /** `agent` and `headers` carry the proofs of who asks. */
  constructor(url: string, agent: Agent, headers: OutgoingHttpHeaders = {}) {
    this.#url = url;
    this.#agent = agent;
    this.#headers = headers;
  }

  static of({ url, ca }: Server, credentials: Credentials): ApiClient {
    if ('token' in credentials) {
      const headers = { authorization: `Bearer ${credentials.token}` };
      return new ApiClient(url, new HttpsAgent({ keepAlive: true, ca }), headers);
    }
    return new ApiClient(url, new HttpsAgent({ keepAlive: true, ca, ...credentials }));
  }

  /** Sends one request, with `body` as JSON or as the text that it is. Resolves whatever the answer's status. */
  async send<Body = ApiObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
  ): Promise<ApiAnswer<Body>> {
    const sent = request(new URL(path, this.#url), {
      method,
      agent: this.#agent,
      timeout: REQUEST_TIMEOUT_MS,
      headers: {
        accept: 'application/json',
        ...this.#headers,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in time`)));
    sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, body: parsed(await text(response)) as Body };
  }

  /** The body of an answer with a status below 300, asking again while that is too early; rejects with ApiRefusal. */
  async must<Body = ApiObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Body> {
    let answer = await this.send<Body>(method, path, body, contentType);
    for (let retries = 0; answer.status === TOO_MANY_REQUESTS && retries < MAX_RETRIES; retries += 1) {
      await sleep(RETRY_MS);
      answer = await this.send<Body>(method, path, body, contentType);
    }
    if (answer.status >= 300) throw new ApiRefusal(method, path, answer);
    return answer.body;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
