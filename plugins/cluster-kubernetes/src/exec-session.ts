import type { ExecOptions } from '@rynxs/kernel';
import type WebSocket from 'ws';
import { failure } from './cluster-errors.js';
import { CHANNEL, channelFrame, outcomeOf } from './exec-channels.js';
import type { Subject } from './subject.js';

const MAX_UNSENT_BYTES = 1024 * 1024;

/**
 * One command over a WebSocket. Output is handed on as it comes; a slow reader holds the socket up, and a slow socket the
 * input. Listens from its construction, because output may come together with the answer to the handshake.
 */
export class ExecSession {
  readonly #socket: WebSocket;
  readonly #options: ExecOptions;
  readonly #subject: Subject;
  readonly #outcome = Promise.withResolvers<number>();
  readonly #onEnd: (() => void)[] = [];
  /** Readers that the socket waits for. */
  readonly #slow = new Set<NodeJS.WritableStream>();
  #hasEnded = false;

  constructor(socket: WebSocket, options: ExecOptions, subject: Subject) {
    this.#socket = socket;
    this.#options = options;
    this.#subject = subject;
    // A connection that never opened is reported by whoever opens it; `run` is not called then.
    this.#outcome.promise.catch(() => undefined);
    socket.on('message', (data: Buffer) => this.#onMessage(data));
    socket.on('error', (error) => this.#fail('ambiguous', `the connection failed: ${error.message}`, error));
    socket.on('close', (code, reason) => {
      const detail = reason.length > 0 ? `${code}, ${reason.toString()}` : String(code);
      this.#fail('ambiguous', `closed before the exit code came (${detail})`);
    });
  }

  /** Feeds the input and resolves to the exit code, after all output has been handed on. The socket is gone then. */
  async run(): Promise<number> {
    const { signal } = this.#options;
    const onAbort = () => this.#fail('ambiguous', 'given up before the command ended', signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#onEnd.push(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
    this.#feed();
    try {
      return await this.#outcome.promise;
    } finally {
      this.#hasEnded = true;
      for (const end of this.#onEnd) end();
      this.#socket.terminate();
    }
  }

  #onMessage(message: Buffer): void {
    const data = message.subarray(1);
    switch (message[0]) {
      case CHANNEL.stdout:
        this.#write(this.#options.stdout, data);
        return;
      case CHANNEL.stderr:
        this.#write(this.#options.stderr, data);
        return;
      case CHANNEL.status:
        this.#onStatus(data.toString('utf8'));
        return;
    }
  }

  #onStatus(text: string): void {
    const outcome = outcomeOf(text);
    if (outcome.kind === 'exited') this.#outcome.resolve(outcome.code);
    else this.#fail('unavailable', outcome.message);
  }

  /** A reader that has gone gets nothing more; the command goes on. */
  #write(stream: NodeJS.WritableStream | undefined, data: Buffer): void {
    if (stream === undefined || !stream.writable || data.length === 0 || stream.write(data)) return;
    // Messages that have arrived already come although the socket is paused.
    if (this.#slow.has(stream)) return;
    const resume = () => {
      stream.off('drain', resume).off('close', resume);
      this.#slow.delete(stream);
      if (this.#slow.size === 0) this.#socket.resume();
    };
    this.#slow.add(stream);
    this.#socket.pause();
    stream.on('drain', resume).on('close', resume);
  }

  #feed(): void {
    const { stdin } = this.#options;
    if (stdin === undefined) return;
    const onData = (chunk: Buffer | string) => {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.#socket.send(channelFrame(CHANNEL.stdin, data), () => {
        if (!this.#hasEnded && this.#socket.bufferedAmount < MAX_UNSENT_BYTES) stdin.resume();
      });
      if (this.#socket.bufferedAmount >= MAX_UNSENT_BYTES) stdin.pause();
    };
    const onEnd = () => {
      // v4 cannot close the input: a command that waits for its end goes on until it is given up.
      if (this.#socket.protocol.startsWith('v5.'))
        this.#socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
    };
    const onError = (error: Error) => this.#fail('ambiguous', `the input failed: ${error.message}`, error);
    stdin.on('data', onData).on('end', onEnd).on('error', onError);
    this.#onEnd.push(() => {
      stdin.off('data', onData).off('end', onEnd).off('error', onError);
      stdin.pause();
    });
  }

  #fail(reason: 'ambiguous' | 'unavailable', detail: string, cause?: unknown): void {
    this.#outcome.reject(failure(reason, this.#subject, detail, cause));
  }
}
