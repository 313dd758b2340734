import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer = (request: WireRequest, response: ServerResponse) => void;

/** An HTTP server that notes what it is sent and answers as told: for what goes over the wire, not for what S3 does. */
export class StubS3Server implements AsyncDisposable {
  readonly requests: WireRequest[] = [];
  answer: Answer = (_request, response) => response.end();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method = '', headers } = incoming;
        const url = new URL(incoming.url ?? '', `http://${headers.host}`);
        const request = { method, url, headers, body: Buffer.concat(chunks) };
        this.requests.push(request);
        this.answer(request, response);
      });
    });
  }

  static async start(): Promise<StubS3Server> {
    const stub = new StubS3Server();
    stub.#server.listen(0, '127.0.0.1');
    await once(stub.#server, 'listening');
    return stub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Answers every request with an error as S3 words it. */
  refuse(status: number, code: string, message = ''): void {
    this.answer = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
