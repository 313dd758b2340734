import type { Socket } from 'node:net';
import { type ResponseHead, ResponseReader } from './response-reader.js';

/** A request as it goes out. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Header fields, each ended by CRLF. */
  readonly head: string;
  /** Sent as UTF-8. */
  readonly body?: string | undefined;
}

/** What becomes of a request. `onEnd` or `onError` is called once, last. */
export interface ResponseHandler {
  /** The last moment before bytes are sent, with a connection at hand. A throw drops the request: it comes to `onError`. */
  onSend(abort: (error: Error) => void): void;
  onHead(head: ResponseHead): void;
  onData(piece: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
}

export interface ConnectionOwner {
  /** The connection is ready for another request. */
  onFree(): void;
  /** The connection is of no more use. Called once. */
  onClose(): void;
}

/** One kept-alive HTTP/1.1 connection: one request at a time, and its answer. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  readonly #owner: ConnectionOwner;
  #isClosed = false;
  #handler: ResponseHandler | undefined;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#reader = new ResponseReader({
      onHead: (head) => this.#handler?.onHead(head),
      onData: (piece) => this.#handler?.onData(piece),
      onEnd: (isReusable) => this.#onAnswered(isReusable),
    });
    socket
      .on('data', (bytes: Buffer) => this.#onBytes(bytes))
      .on('end', () => this.#onServerEnd())
      .on('error', (error) => this.destroy(error))
      .on('close', () => this.destroy(closedError()));
  }

  /** Sends a request. The connection must be free. */
  send({ method, path, head, body }: HttpRequest, handler: ResponseHandler): void {
    try {
      handler.onSend((error) => this.destroy(error));
    } catch (error) {
      this.#owner.onFree();
      handler.onError(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#handler = handler;
    this.#reader.expect();
    const start = `${method} ${path} HTTP/1.1\r\n${head}`;
    if (body === undefined) this.#socket.write(`${start}\r\n`, 'latin1');
    else this.#socket.write(`${start}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, 'utf8');
  }

  /** Cuts the connection; a request that is under way fails with `error`. */
  destroy(error: Error): void {
    this.#close();
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onError(error);
  }

  #onBytes(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onServerEnd(): void {
    if (!this.#reader.end()) this.destroy(closedError());
  }

  #onAnswered(isReusable: boolean): void {
    const handler = this.#handler;
    this.#handler = undefined;
    if (isReusable) this.#owner.onFree();
    else this.#close();
    handler?.onEnd();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.stop();
    this.#socket.destroy();
    this.#owner.onClose();
  }
}

function closedError(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
}
