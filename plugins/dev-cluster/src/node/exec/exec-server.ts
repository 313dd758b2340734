import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, KubernetesObject, Logger } from '@rynxs/kernel';
import type { WebSocket } from 'ws';
import { badRequest, StatusError } from '../../storage/status-error.js';
import type { RunningContainer } from '../pod/container-runner.js';
import type { PodWorker } from '../pod/pod-worker.js';
import { selectContainer } from '../pod/select-container.js';
import { type HostIdentity, hostIdentity } from '../sandbox/identity.js';
import { hostHas } from '../sandbox/probe.js';
import { PROTOCOLS } from './channels.js';
import { type ExecCommand, ExecSession } from './exec-session.js';

export interface ExecServerOptions {
  readonly nodeDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An upgrade of a pods/exec request. */
export interface ExecRequest {
  readonly pod: KubernetesObject;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** What runs the pod, if anything does. */
  readonly worker: PodWorker | undefined;
}

/** More commands than this do not run at once on a node. */
export const MAX_SESSIONS = 128;
const MAX_MESSAGE_BYTES = 2 ** 20;

/** Answers pods/exec over WebSocket (KEP-4006). */
export class ExecServer {
  readonly #identity: HostIdentity = hostIdentity();
  readonly #closing = new AbortController();
  #sessions = 0;

  constructor(private readonly options: ExecServerOptions) {}

  /** Ends every session, and the commands with them. */
  close(): void {
    this.#closing.abort(new Error('the node is stopping'));
  }

  handle(exec: ExecRequest): void {
    // Nobody else listens from here on, and a client that goes away is no event for the process.
    exec.socket.on('error', () => exec.socket.destroy());
    this.#handle(exec).catch((error: unknown) => {
      if (!(error instanceof StatusError)) {
        this.options.logger.error('exec failed', { pod: exec.pod.metadata.name, error });
      }
      refuse(exec.socket, error instanceof StatusError ? error : internalError(error));
    });
  }

  async #handle(exec: ExecRequest): Promise<void> {
    const { request, socket, head } = exec;
    const container = findRunning(exec);
    const command = parseCommand(exec.query);
    if (command.tty && !hostHas('script')) {
      throw badRequest(
        'no terminal can be made: the `script` command (util-linux, bsdutils) is not installed',
      );
    }
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw badRequest(
        'the embedded cluster serves exec over WebSocket only: use kubectl 1.31 or newer, or set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true with kubectl 1.29 or 1.30',
      );
    }
    const protocol = negotiate(request.headers['sec-websocket-protocol']);
    if (this.#sessions >= MAX_SESSIONS) {
      throw new StatusError(
        429,
        'TooManyRequests',
        `${MAX_SESSIONS} commands are running on the node already`,
      );
    }
    this.#sessions += 1;
    try {
      const { WebSocketServer } = await import('ws');
      const server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        maxPayload: MAX_MESSAGE_BYTES,
        handleProtocols: () => protocol,
      });
      const webSocket = await new Promise<WebSocket>((resolve, reject) => {
        socket.once('close', () => reject(new StatusError(400, 'BadRequest', 'the client went away')));
        server.handleUpgrade(request, socket, head, resolve);
      });
      await new ExecSession({
        ...{ webSocket, container, command, canCloseInput: protocol === PROTOCOLS[0] },
        identity: this.#identity,
        nodeDir: this.options.nodeDir,
        clock: this.options.clock,
        closing: this.#closing.signal,
      }).run();
    } finally {
      this.#sessions -= 1;
    }
  }
}

function findRunning({ pod, query, worker }: ExecRequest): RunningContainer {
  const name = selectContainer(pod, query.get('container'));
  const running = worker?.runners.find(({ spec }) => spec.name === name)?.running;
  if (running === undefined) {
    throw new StatusError(
      500,
      'InternalError',
      `unable to upgrade connection: container not found ("${name}")`,
    );
  }
  return running;
}

function parseCommand(query: URLSearchParams): ExecCommand {
  const isSet = (name: string) => ['true', '1'].includes(query.get(name) ?? '');
  const argv = query.getAll('command');
  if (argv.length === 0 || argv[0] === '')
    throw badRequest('you must specify at least one command for the container');
  const command = {
    argv,
    stdin: isSet('stdin'),
    stdout: isSet('stdout'),
    stderr: isSet('stderr'),
    tty: isSet('tty'),
  };
  if (!command.stdin && !command.stdout && !command.stderr) {
    throw badRequest('you must specify at least one of stdin, stdout, stderr');
  }
  return command;
}

function negotiate(offered: string | undefined): string {
  const protocols = (offered ?? '').split(',').map((each) => each.trim());
  const chosen = PROTOCOLS.find((each) => protocols.includes(each));
  if (chosen !== undefined) return chosen;
  throw badRequest(`none of the subprotocols offered is spoken here; offer ${PROTOCOLS.join(' or ')}`);
}

function internalError(error: unknown): StatusError {
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`);
}

/** Answers in HTTP what came as an upgrade; does nothing where that has been answered already. */
function refuse(socket: Duplex, error: StatusError): void {
  if (socket.destroyed || socket.writableEnded) return;
  const body = Buffer.from(JSON.stringify(error.toStatus()));
  socket.end(
    Buffer.concat([
      Buffer.from(
        [
          `HTTP/1.1 ${error.code} ${STATUS_CODES[error.code] ?? 'Error'}`,
          'content-type: application/json',
          `content-length: ${body.length}`,
          'connection: close',
          '\r\n',
        ].join('\r\n'),
      ),
      body,
    ]),
  );
}
