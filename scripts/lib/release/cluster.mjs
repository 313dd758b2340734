import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, Precondition } from './errors.mjs';
import { endProgram, runProgram, startFailure, startProgram } from './program.mjs';

const CONNECT_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
const MERGE_PATCH = 'application/merge-patch+json';
/** Chart and operator ask for it. */
const LEAST_MINOR = 24;

/**
 * The cluster of the user's kubeconfig. Requests go through a `kubectl proxy`, so that whatever kubectl can authenticate
 * with works here too, at hundreds of requests a second; it listens on a Unix socket that only this user can open.
 */
export class Cluster {
  /** As in v1.34.4. */
  version;
  #kubectl;
  #context;
  #directory;
  #proxy;
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(kubectl, context, directory, proxy) {
    this.#kubectl = kubectl;
    this.#context = context;
    this.#directory = directory;
    this.#proxy = proxy;
  }

  /** @throws {Precondition} when there is no kubectl, the cluster does not answer, or it is too old */
  static async open({ context, signal, env = process.env }) {
    const kubectl = env.KUBECTL ?? 'kubectl';
    const contextArgs = context === undefined ? [] : ['--context', context];
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-'));
    const socket = join(directory, 'proxy');
    const proxy = startProgram(kubectl, [...contextArgs, 'proxy', `--unix-socket=${socket}`]);
    const cluster = new Cluster(kubectl, contextArgs, directory, proxy);
    try {
      await serving(proxy, kubectl, signal);
      await cluster.#greet(signal);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Minor number of its version of Kubernetes. */
  get minor() {
    return Number(/^v1\.(\d+)/.exec(this.version)?.[1] ?? Number.NaN);
  }

  async #greet(signal) {
    const { status, body } = await this.request('GET', '/version', { signal }).catch((error) => {
      signal.throwIfAborted();
      throw unreachable(error.message);
    });
    if (status !== 200) throw unreachable(body.message ?? `HTTP ${status}`);
    this.version = body.gitVersion;
    if (this.minor >= LEAST_MINOR) return;
    throw new Precondition(
      `Kubernetes ${this.version} is too old`,
      `Use Kubernetes 1.${LEAST_MINOR} or newer.`,
    );
  }

  /**
   * One request to the API server, or by way of it to a pod. Resolves whatever the answer is; the body is parsed if it is JSON.
   *
   * @param {string} method
   * @param {string} path
   * @param {{ signal: AbortSignal, body?: unknown, type?: string, timeoutMs?: number }} options
   * @returns {Promise<{ status: number, body: any }>} `status` is HTTP's
   */
  async request(method, path, { signal, body, type = 'application/json', timeoutMs = REQUEST_TIMEOUT_MS }) {
    const socketPath = join(this.#directory, 'proxy');
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      host: 'localhost',
      accept: 'application/json',
      'content-type': type,
      // Node frames the body of a DELETE only when it is told its length.
      'content-length': Buffer.byteLength(text),
    };
    try {
      return await send({ socketPath, agent: this.#agent, method, path, headers, signal }, text, timeoutMs);
    } catch (error) {
      signal.throwIfAborted();
      throw new Failure(`${method} ${path}: ${error.message}`, { cause: error });
    }
  }

  /** The same, for what has to succeed: resolves to the body. Throws a Failure with the API server's own words. */
  async must(method, path, options) {
    const { status, body } = await this.request(method, path, options);
    if (status < 300) return body;
    throw new Failure(
      `${method} ${path}: ${typeof body === 'object' ? body.message : body} (HTTP ${status})`,
    );
  }

  /** An object, or undefined where there is none. */
  async get(path, signal) {
    const { status, body } = await this.request('GET', path, { signal });
    if (status === 404) return undefined;
    if (status < 300) return body;
    throw new Failure(`GET ${path}: ${body.message ?? body} (HTTP ${status})`);
  }

  async list(path, signal) {
    return (await this.must('GET', path, { signal })).items;
  }

  create(path, body, signal) {
    return this.must('POST', path, { signal, body });
  }

  /** Changes some fields of an object (RFC 7386). */
  patch(path, body, signal) {
    return this.must('PATCH', path, { signal, body, type: MERGE_PATCH });
  }

  /** Deletes an object, if it is there; resolves when that is decided, not when it is gone. */
  async remove(path, signal, options = {}) {
    const { status, body } = await this.request('DELETE', path, { signal, body: options });
    if (status >= 300 && status !== 404)
      throw new Failure(`DELETE ${path}: ${body.message} (HTTP ${status})`);
  }

  /** Runs kubectl on this cluster; resolves whatever its exit code is. */
  kubectl(args, options) {
    return runProgram(this.#kubectl, [...this.#context, ...args], options);
  }

  /** Ends the connection. */
  async close() {
    this.#agent.destroy();
    await endProgram(this.#proxy);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Resolves when `kubectl proxy` listens. */
async function serving(proxy, kubectl, signal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
  let complaint = '';
  proxy.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  await new Promise((resolve, reject) => {
    proxy.stdout.once('data', resolve);
    proxy.once('error', (error) => reject(startFailure(error, kubectl)));
    proxy.once('exit', () => reject(unreachable(complaint.trim())));
    limit.addEventListener('abort', () =>
      reject(signal.aborted ? signal.reason : unreachable('kubectl proxy does not start')),
    );
  });
}

function unreachable(reason) {
  return new Precondition(
    `the cluster cannot be asked: ${reason}`,
    'Set KUBECONFIG, or --context, so that `kubectl version` works.',
  );
}

function send(options, text, timeoutMs) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const sent = request(options, async (answer) => {
      try {
        const chunks = [];
        for await (const chunk of answer) chunks.push(chunk);
        const body = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode, body: isJson(answer) ? JSON.parse(body) : body });
      } catch (error) {
        reject(error);
      }
    });
    sent.once('error', reject);
    sent.once('close', () => clearTimeout(late));
    sent.end(text);
  });
}

function isJson({ headers }) {
  return (headers['content-type'] ?? '').startsWith('application/json');
}
