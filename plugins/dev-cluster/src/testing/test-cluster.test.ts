import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import {
  type EmbeddedClusterOptions,
  type EmbeddedClusterServer,
  startEmbeddedCluster,
} from '../start-embedded-cluster.js';
import type { JsonObject } from '../storage/json.js';

export interface TestAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
  readonly text: string;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the token of the kubeconfig; empty sends none. */
  readonly token?: string;
  /** Media type of the body; default application/json. */
  readonly type?: string;
}

/** An open watch: its events one by one. */
export interface TestWatch {
  /** The next event; undefined when the watch has ended. */
  next(): Promise<{ readonly type: string; readonly object: JsonObject } | undefined>;
  close(): void;
}

/** An embedded cluster without node, and a plain HTTPS client that trusts nothing but its authority. */
export class TestCluster implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #token: string;

  private constructor(readonly server: EmbeddedClusterServer) {
    const kubeconfig = parse(server.kubeconfig) as {
      clusters: { cluster: { 'certificate-authority-data': string } }[];
      users: { user: { token: string } }[];
    };
    const ca = Buffer.from(kubeconfig.clusters[0]!.cluster['certificate-authority-data'], 'base64');
    this.#token = kubeconfig.users[0]!.user.token;
    this.#agent = new Agent({ ca, keepAlive: true });
  }

  static async start(options: EmbeddedClusterOptions = {}): Promise<TestCluster> {
    return new TestCluster(await startEmbeddedCluster({ nodeEnabled: false, ...options }));
  }

  /** Makes a namespace of its own for a test. */
  async namespace(): Promise<string> {
    const name = `test-${randomBytes(4).toString('hex')}`;
    await this.call('POST', '/api/v1/namespaces', { metadata: { name } });
    return name;
  }

  /** Sends a request; resolves to whatever was answered. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    options: RequestOptions = {},
  ): Promise<TestAnswer> {
    const response = await this.#send(method, path, body, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const isJson = response.headers['content-type']?.startsWith('application/json') === true;
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as JsonObject) : {},
      text,
    };
  }

  /** As `call`, for requests that must succeed; resolves to the body. */
  async ok(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<JsonObject> {
    const answer = await this.call(method, path, body, options);
    if (answer.code > 299) throw new Error(`${method} ${path}: ${answer.code} ${answer.text}`);
    return answer.body;
  }

  async watch(path: string, headers: Readonly<Record<string, string>> = {}): Promise<TestWatch> {
    const response = await this.#send('GET', path, undefined, { headers });
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`watch ${path}: ${response.statusCode}`);
    }
    response.on('error', () => response.destroy());
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    return {
      next: async () => {
        try {
          for (;;) {
            const line = await lines.next();
            if (line.done === true) return undefined;
            if (line.value !== '') return JSON.parse(line.value) as { type: string; object: JsonObject };
          }
        } catch {
          return undefined;
        }
      },
      close: () => response.destroy(),
    };
  }

  #send(method: string, path: string, body: unknown, options: RequestOptions): Promise<IncomingMessage> {
    const token = options.token ?? this.#token;
    const bytes =
      body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request(`${this.server.url}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.server.close();
  }
}

/** Waits until `condition` holds, looking after every turn of the event loop; throws after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A Deployment that the API accepts. */
export function deployment(name: string, spec: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'busybox:1' }] } },
      ...spec,
    },
  };
}

/** A definition of `Widget` objects (example.org/v1) with this schema of `spec`. */
export function widgetDefinition(specSchema: JsonObject, version: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: specSchema,
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
          ...version,
        },
      ],
    },
  };
}
