import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { CHANNEL, framed, PROTOCOLS } from '../exec/channels.js';
import type { NodeHarness } from './node-harness.js';

/** Serves exec and log of one pod over plain HTTP, as the API server would. */
export async function servePod(
  harness: NodeHarness,
  name: string,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const pod = harness.pod(name);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (pod !== undefined)
      harness.node.log(pod, query, response, gone.signal).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    const pod = harness.pod(name);
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (pod !== undefined) harness.node.exec(pod, query, request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

export interface ExecChoices {
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly container?: string;
  readonly protocols?: readonly string[];
}

/** The client's end of a command, as kubectl has it. */
export class ExecClient {
  readonly #chunks = new Map<number, Buffer[]>();
  readonly #watchers = new Set<() => void>();
  #isClosed = false;

  private constructor(private readonly webSocket: WebSocket) {
    webSocket.on('message', (data: Buffer) => {
      const channel = data[0] ?? -1;
      this.#chunks.set(channel, [...(this.#chunks.get(channel) ?? []), data.subarray(1)]);
      for (const watcher of [...this.#watchers]) watcher();
    });
    webSocket.on('close', () => {
      this.#isClosed = true;
      for (const watcher of [...this.#watchers]) watcher();
    });
    webSocket.on('error', () => webSocket.terminate());
  }

  static async open(url: string, argv: readonly string[], choices: ExecChoices = {}): Promise<ExecClient> {
    const query = new URLSearchParams(argv.map((word): [string, string] => ['command', word]));
    query.set('stdout', 'true');
    if (choices.tty !== true) query.set('stderr', 'true');
    if (choices.stdin === true) query.set('stdin', 'true');
    if (choices.tty === true) query.set('tty', 'true');
    if (choices.container !== undefined) query.set('container', choices.container);
    const webSocket = new WebSocket(`ws://${url}/exec?${query}`, [...(choices.protocols ?? PROTOCOLS)]);
    const client = new ExecClient(webSocket);
    await new Promise<void>((resolve, reject) => {
      webSocket.once('open', resolve);
      webSocket.once('error', reject);
    });
    return client;
  }

  /** What came over a channel so far. */
  text(channel: keyof typeof CHANNEL): string {
    return Buffer.concat(this.#chunks.get(CHANNEL[channel]) ?? []).toString('utf8');
  }

  get protocol(): string {
    return this.webSocket.protocol;
  }

  send(channel: keyof typeof CHANNEL, payload: string | Uint8Array): void {
    this.webSocket.send(framed(CHANNEL[channel], Buffer.from(payload)));
  }

  /** Goes away without a word. */
  vanish(): void {
    this.webSocket.terminate();
  }

  async until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isSo()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
    });
  }

  /** The status that the server ends with. */
  async status(): Promise<Record<string, unknown>> {
    await this.until(() => this.#isClosed);
    return JSON.parse(this.text('error')) as Record<string, unknown>;
  }
}
