import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { rynxsError } from '@rynxs/kernel';
import type { PodRuntime } from '../node/pod-runtime.js';
import type { ResourceRegistry } from '../resources/registry.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { notFound, StatusError } from '../storage/status-error.js';
import { type Answer, goneSignal, send, sendError } from './answer.js';
import type { ServerCertificate } from './certificates.js';
import { Discovery } from './discovery.js';
import { type FaultedRequest, type Faults, faultBefore } from './faults.js';
import { OpenApi } from './openapi.js';
import { parsePath, type RequestTarget } from './request-info.js';
import { nodeOf, notAllowed, pathNotFound, verbOf, withoutNode } from './resource-call.js';
import { ResourceRequests } from './resource-requests.js';

/** The Kubernetes version whose behaviour is followed. */
export const KUBERNETES_VERSION = 'v1.34.4';

export interface ApiServerOptions {
  readonly storage: ObjectStorage;
  readonly registry: ResourceRegistry;
  readonly faults: Faults;
  readonly certificate: ServerCertificate;
  /** Bearer token that every request but those for health must carry. */
  readonly token: string;
  readonly runtime?: PodRuntime;
  readonly now: () => number;
  /** Told of what no client can be told of: defects. */
  readonly onDefect: (error: unknown) => void;
}

/** How long requests under way may take to end when the server stops. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The HTTPS side of the embedded cluster. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #requests: ResourceRequests;
  readonly #discovery: Discovery;
  readonly #openApi: OpenApi;
  readonly #token: Buffer;
  readonly #upgraded = new Set<Duplex>();
  #url = '';

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#requests = new ResourceRequests(options);
    this.#discovery = new Discovery(options.registry);
    this.#openApi = new OpenApi(options.registry);
    this.#token = Buffer.from(options.token);
    this.#server = createServer({
      key: options.certificate.key,
      cert: options.certificate.cert,
      minVersion: 'TLSv1.2',
      // Longer than clients keep idle connections, so that none is closed just when a request is sent on it.
      keepAliveTimeout: 120_000,
    });
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Address of the server: `https://127.0.0.1:16443`. */
  get url(): string {
    return this.#url;
  }

  /** Listens on 127.0.0.1; port 0 lets the system choose. Throws RYNXS_DEV_CLUSTER_PORT. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) =>
        reject(
          rynxsError(
            'RYNXS_DEV_CLUSTER_PORT',
            { port, detail: error.code ?? error.message },
            { cause: error },
          ),
        );
      this.#server.once('error', failed);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', failed);
        this.#server.on('error', this.#options.onDefect);
        resolve();
      });
    });
    const address = this.#server.address() as AddressInfo;
    this.#url = `https://127.0.0.1:${address.port}`;
  }

  /** Ends watches, lets requests under way finish, then closes every connection. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#options.faults.dropWatches();
    for (const socket of this.#upgraded) socket.destroy();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is not an error of the server.
    response.on('error', () => response.destroy());
    try {
      const answer = await this.#answer(request, response);
      if (answer !== undefined) send(response, answer);
    } catch (error) {
      if (error instanceof StatusError) sendError(response, error);
      else if (error === RESET) (request.socket ?? response).destroy();
      else if (!response.destroyed) {
        this.#options.onDefect(error);
        sendError(response, internalError(error));
      }
    } finally {
      // What was not read of a body must not be taken for the next request.
      request.resume();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const { target, query } = understand(request);
    if (target.kind === 'other' && isHealth(target.path)) return plain('ok');
    this.#authenticate(request);
    if (target.kind !== 'resource') return this.#document(request, target);

    const { group, version, plural } = target.resource;
    const served = this.#options.registry.served(group, version, plural);
    if (served === undefined) return this.#unserved(group);
    const verb = verbOf(request.method, target.resource, query);
    if (verb === undefined) throw notAllowed();
    const { subresource, namespace, name } = target.resource;
    const faulted: FaultedRequest = {
      verb,
      resource: plural,
      ...(subresource === undefined ? {} : { subresource }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    };
    const effect = this.#options.faults.take(faulted);
    if (effect?.kind === 'reset-before') throw RESET;
    if (effect?.kind === 'gone' && verb !== 'watch') {
      throw new StatusError(
        410,
        'Expired',
        'The provided continue parameter is too old to display a consistent list result.',
      );
    }
    if (effect !== undefined) await faultBefore(effect, faulted, served.type, goneSignal(response));
    const answer = await this.#requests.answer({
      request,
      response,
      query,
      target: target.resource,
      served,
      verb,
      effect,
    });
    if (effect?.kind === 'reset-after') throw RESET;
    return answer;
  }

  #document(request: IncomingMessage, target: Exclude<RequestTarget, { kind: 'resource' }>): Answer {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed();
    const { accept } = request.headers;
    const found =
      target.kind === 'groupVersion'
        ? this.#discovery.resources(target.group, target.version)
        : target.kind === 'group'
          ? this.#discovery.group(target.group)
          : this.#other(target.path, accept, request.headers.host ?? '');
    return found ?? PAGE_NOT_FOUND;
  }

  /** What is not served: a Status in groups that there are, plain text elsewhere. */
  #unserved(group: string): Answer {
    if (this.#discovery.versions(group) !== undefined) throw pathNotFound();
    return PAGE_NOT_FOUND;
  }

  #other(path: string, accept: string | undefined, host: string): Answer | undefined {
    switch (path) {
      case '/':
        return {
          code: 200,
          body: {
            paths: [
              '/api',
              '/api/v1',
              '/apis',
              ...this.#discovery.groups().map((group) => `/apis/${group}`),
              '/healthz',
              '/livez',
              '/openapi/v2',
              '/openapi/v3',
              '/readyz',
              '/version',
            ],
          },
        };
      case '/version':
        return { code: 200, body: versionInfo() };
      case '/api':
        return this.#discovery.core(accept, host);
      case '/apis':
        return this.#discovery.all(accept);
      default:
        return this.#openApi.answer(path, accept);
    }
  }

  #authenticate(request: IncomingMessage): void {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const sent = Buffer.from(token ?? '');
    // The length is no secret; the time that comparing takes must not tell more.
    const valid =
      scheme?.toLowerCase() === 'bearer' &&
      sent.length === this.#token.length &&
      timingSafeEqual(sent, this.#token);
    if (!valid) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.on('close', () => this.#upgraded.delete(socket));
    // A client that goes away is not an error of the server.
    socket.on('error', () => socket.destroy());
    try {
      const { target, query } = understand(request);
      this.#authenticate(request);
      if (target.kind !== 'resource') throw pathNotFound();
      const { group, version, plural, namespace, name = '', subresource } = target.resource;
      const served = this.#options.registry.served(group, version, plural);
      if (served === undefined || namespace === undefined) throw pathNotFound();
      if (plural !== 'pods' || subresource !== 'exec') throw notAllowed();
      const pod = this.#options.storage.get(served.definition.type, { namespace, name });
      if (pod === undefined) throw notFound(served.type, name);
      if (nodeOf(pod) === undefined) throw withoutNode(name);
      const { runtime } = this.#options;
      if (runtime === undefined) {
        throw new StatusError(
          503,
          'ServiceUnavailable',
          'this cluster has no node: nothing runs, so nothing can be run in it',
        );
      }
      runtime.exec(pod, query, request, socket, head);
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onDefect(error);
      refuseUpgrade(socket, error instanceof StatusError ? error : internalError(error));
    }
  }
}

/** What Go's HTTP server says where nothing listens. */
const PAGE_NOT_FOUND: Answer = {
  code: 404,
  body: Buffer.from('404 page not found\n'),
  contentType: 'text/plain; charset=utf-8',
};

/** Thrown where the connection is to be reset. */
const RESET = Symbol('reset');

function understand(request: IncomingMessage): { target: RequestTarget; query: URLSearchParams } {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const target = parsePath(mark < 0 ? url : url.slice(0, mark));
  if (target === undefined) throw pathNotFound();
  return { target, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
}

function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const body = JSON.stringify(error.toStatus());
  socket.end(
    [
      `HTTP/1.1 ${error.code} ${error.reason}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function internalError(error: unknown): StatusError {
  const detail = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${detail}`, undefined, {
    cause: error,
  });
}

function isHealth(path: string): boolean {
  return ['/livez', '/readyz', '/healthz'].some((root) => path === root || path.startsWith(`${root}/`));
}

function plain(text: string): Answer {
  return { code: 200, body: Buffer.from(text), contentType: 'text/plain; charset=utf-8' };
}

function versionInfo() {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');
  return {
    major,
    minor,
    gitVersion: `${KUBERNETES_VERSION}+rynxs`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
