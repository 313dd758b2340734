import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { parse } from 'yaml';

/** JSON as `JSON.parse` gives it: its form is what the cases assert, so no type may claim it beforehand. */
export type Json = ReturnType<JSON['parse']>;

export interface ApiAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  /** The parsed body; undefined when it is no JSON. */
  readonly body: Json;
  readonly text: string;
}

export interface CallOptions {
  /** Media type of the body; default application/json. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the credentials of the kubeconfig. */
  readonly token?: string;
}

/** An open watch: its events one by one. */
export interface ApiWatch {
  /** The next event; undefined when the watch has ended. */
  next(): Promise<{ readonly type: string; readonly object: Json } | undefined>;
  close(): void;
}

interface Credentials {
  readonly server: string;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  readonly token: string | undefined;
}

/** Plain HTTPS with what a kubeconfig names, and nothing else: it judges servers, so no client stands between. */
export class ApiClient implements Disposable {
  readonly #agent: Agent;
  /** Without the certificate of the kubeconfig's user. */
  readonly #anonymous: Agent;
  readonly #credentials: Credentials;

  /** `kubeconfig` is its text. Throws when it has no token and no certificate for its current context. */
  constructor(kubeconfig: string) {
    this.#credentials = credentialsOf(kubeconfig);
    const { cert: _cert, key: _key, ...tls } = this.#credentials.tls;
    this.#agent = new Agent({ keepAlive: true, ...this.#credentials.tls });
    this.#anonymous = new Agent({ keepAlive: true, ...tls });
  }

  /** Sends a request; resolves to whatever was answered. A body that is a string or a buffer goes as it is. */
  async call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<ApiAnswer> {
    const response = await this.#send(method, path, body, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      body: jsonOf(text),
      text,
    };
  }

  /** As `call`, for requests that must succeed; resolves to the body. */
  async ok(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Json> {
    const answer = await this.call(method, path, body, options);
    if (answer.code > 299) throw new Error(`${method} ${path}: ${answer.code} ${answer.text}`);
    return answer.body;
  }

  /** Opens a watch. `path` has the query, `watch=true` too. Throws when it is refused. */
  async watch(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ApiWatch> {
    const response = await this.#send('GET', path, undefined, { headers });
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`watch ${path}: ${response.statusCode}`);
    }
    // A watch that the server cuts off is a watch that has ended.
    response.on('error', () => response.destroy());
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    return {
      next: async () => {
        for (;;) {
          const line = await lines.next().catch(() => ({ done: true as const, value: '' }));
          if (line.done === true) return undefined;
          if (line.value !== '') return JSON.parse(line.value);
        }
      },
      close: () => response.destroy(),
    };
  }

  /** Opens a WebSocket for pods/exec; resolves once it is open. Rejects when it is refused. */
  async webSocket(path: string, protocols: readonly string[]): Promise<WebSocket> {
    const { server, tls, token } = this.#credentials;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${server.replace(/^http/, 'ws')}${path}`, [...protocols], {
      ...tls,
      headers,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
    this.#anonymous.destroy();
  }

  #send(method: string, path: string, body: unknown, options: CallOptions): Promise<IncomingMessage> {
    const token = options.token ?? this.#credentials.token;
    const bytes = bytesOf(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#credentials.server}${path}`, {
        method,
        agent: options.token === undefined ? this.#agent : this.#anonymous,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(bytes === undefined
            ? {}
            : { 'content-type': options.type ?? 'application/json', 'content-length': bytes.length }),
          ...options.headers,
        },
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(bytes);
    });
  }
}

/** The value of one JSON document; undefined for anything else, as streams and plain text are. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

interface KubeconfigText {
  'current-context': string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: Record<string, string | boolean> }[];
  users: { name: string; user: Record<string, string> }[];
}

function credentialsOf(kubeconfig: string): Credentials {
  const config = parse(kubeconfig) as KubeconfigText;
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user ?? {};
  if (cluster === undefined) throw new Error('the kubeconfig has no cluster for its current context');
  const ca = dataOf(cluster, 'certificate-authority');
  const cert = dataOf(user, 'client-certificate');
  const key = dataOf(user, 'client-key');
  const token =
    user.token ?? (user.tokenFile === undefined ? undefined : readFileSync(user.tokenFile, 'utf8'));
  if (token === undefined && cert === undefined) {
    throw new Error(
      'the kubeconfig has neither token nor certificate for its user; credential plugins are not run here: put in a token of `kubectl create token`',
    );
  }
  const serverName = cluster['tls-server-name'];
  return {
    server: String(cluster.server).replace(/\/$/, ''),
    token: token?.trim(),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(typeof serverName === 'string' ? { servername: serverName } : {}),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    },
  };
}

/** What stands in the kubeconfig itself (`<field>-data`), or in the file that it names. */
function dataOf(from: Readonly<Record<string, string | boolean>>, field: string): Buffer | undefined {
  const [data, file] = [from[`${field}-data`], from[field]];
  if (typeof data === 'string') return Buffer.from(data, 'base64');
  return typeof file === 'string' ? readFileSync(file) : undefined;
}
