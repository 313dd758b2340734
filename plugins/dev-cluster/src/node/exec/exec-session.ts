import type { Socket } from 'node:net';
import type { Clock } from '@rynxs/kernel';
import type { RawData, WebSocket } from 'ws';
import type { RunningContainer } from '../pod/container-runner.js';
import { type ConfinedProcess, enterContainer } from '../sandbox/container-process.js';
import type { HostIdentity } from '../sandbox/identity.js';
import { CHANNEL, exitStatus, failureStatus, framed, parseSize } from './channels.js';

/** What a client wants to be run. */
export interface ExecCommand {
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ExecSessionOptions {
  readonly webSocket: WebSocket;
  readonly container: RunningContainer;
  readonly command: ExecCommand;
  readonly canCloseInput: boolean;
  readonly identity: HostIdentity;
  readonly nodeDir: string;
  readonly clock: Clock;
  /** Ends the session. */
  readonly closing: AbortSignal;
}

/** Output that the client has not taken may wait up to this much; then the command has to wait. */
const MAX_WAITING_BYTES = 2 ** 20;
/** What a command leaves running in the background may hold its output open; nobody waits longer for it. */
const DRAIN_DEADLINE_MS = 500;
const NORMAL_CLOSURE = 1_000;
const GOING_AWAY = 1_001;

/** One command in a container, from the end of the handshake to the end of the connection. */
export class ExecSession {
  readonly #gone = new AbortController();
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;
  #process: ConfinedProcess | undefined;
  #size: { readonly columns: number; readonly rows: number } | undefined;
  #resizing: Promise<void> | undefined;

  constructor(private readonly options: ExecSessionOptions) {}

  /** Resolves when both the command and the connection have ended. */
  async run(): Promise<void> {
    const { webSocket, closing, command } = this.options;
    const gone = (): void => this.#gone.abort(new Error('the client has gone away'));
    const close = (): void => webSocket.close(GOING_AWAY, 'the node is stopping');
    webSocket.once('close', gone);
    // 'close' follows.
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('message', (data) => this.#receive(bytesOf(data)));
    closing.addEventListener('abort', close, { once: true });
    if (closing.aborted) close();
    try {
      // As the kubelet does, to let clients know that the connection stands.
      this.#send(command.stdout ? CHANNEL.stdout : CHANNEL.stderr, Buffer.alloc(0));
      this.#send(CHANNEL.error, await this.#command());
      webSocket.close(NORMAL_CLOSURE);
    } finally {
      closing.removeEventListener('abort', close);
      if (!this.#gone.signal.aborted) webSocket.close(NORMAL_CLOSURE);
      await this.#resizing;
    }
  }

  /** Runs the command; the status that the client is told. */
  async #command(): Promise<Buffer> {
    const { command, container } = this.options;
    let process: ConfinedProcess;
    try {
      process = await this.#enter(command);
    } catch (error) {
      return failureStatus(error instanceof Error ? error.message : String(error));
    }
    const kill = (): void => process.kill();
    const { signal } = this.#gone;
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted || container.process.exit() !== undefined) kill();
    this.#process = process;
    const drained = Promise.all([
      this.#forward(process.stdout, CHANNEL.stdout, command.stdout),
      // A terminal has no errors of its own.
      this.#forward(process.stderr, CHANNEL.stderr, command.stderr && !command.tty),
    ]);
    if (this.#size !== undefined) this.#resize();
    this.#connectInput(process.stdin);
    for (const message of this.#early.splice(0)) this.#input(message);
    const exit = await process.exited;
    using _deadline = this.options.clock.schedule(DRAIN_DEADLINE_MS, () => {
      process.stdout.destroy();
      process.stderr.destroy();
    });
    await drained;
    process.stdin?.destroy();
    signal.removeEventListener('abort', kill);
    return exitStatus(exit.code);
  }

  #enter(command: Pick<ExecCommand, 'argv' | 'stdin' | 'tty'>): Promise<ConfinedProcess> {
    const { container, identity, nodeDir, clock } = this.options;
    return enterContainer({
      ...{ identity, nodeDir, clock, signal: this.#gone.signal },
      sandbox: container.sandbox,
      limits: container.limits,
      container: container.process,
      pipeDir: nodeDir,
      command: {
        argv: command.argv,
        env: command.tty ? { TERM: 'xterm', ...container.env } : container.env,
        workingDir: container.workingDir,
        hasStdin: command.stdin,
        tty: command.tty,
      },
    });
  }

  #send(channel: number, payload: Uint8Array): void {
    if (!this.#gone.signal.aborted) this.options.webSocket.send(framed(channel, payload));
  }

  async #forward(stream: Socket, channel: number, isWanted: boolean): Promise<void> {
    const { webSocket } = this.options;
    stream.on('data', (chunk: Buffer) => {
      if (!isWanted) return;
      webSocket.send(framed(channel, chunk), () => {
        if (webSocket.bufferedAmount < MAX_WAITING_BYTES) stream.resume();
      });
      if (webSocket.bufferedAmount >= MAX_WAITING_BYTES) stream.pause();
    });
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      // A pipe that cannot be read any more has come to its end.
      stream.once('error', () => resolve());
    });
  }

  #receive(message: Buffer): void {
    const channel = message[0];
    const payload = message.subarray(1);
    if (channel === CHANNEL.stdin && payload.length > 0) this.#inputOrEarly(message);
    else if (channel === CHANNEL.close && this.options.canCloseInput && payload[0] === CHANNEL.stdin) {
      this.#inputOrEarly(message);
    } else if (channel === CHANNEL.resize) {
      this.#size = parseSize(payload) ?? this.#size;
      if (this.#process !== undefined) this.#resize();
    }
  }

  /** Input that comes before the command runs is kept, up to a limit after which the client has to wait. */
  #inputOrEarly(message: Buffer): void {
    if (!this.options.command.stdin) return;
    if (this.#process !== undefined) {
      this.#input(message);
      return;
    }
    this.#early.push(message);
    this.#earlyBytes += message.length;
    if (this.#earlyBytes > MAX_WAITING_BYTES) this.options.webSocket.pause();
  }

  #connectInput(stdin: Socket | undefined): void {
    const resume = (): void => this.options.webSocket.resume();
    // A command that does not read its input to the end is its own affair.
    stdin?.on('error', () => stdin.destroy());
    stdin?.on('drain', resume);
    stdin?.on('close', resume);
    resume();
  }

  #input(message: Buffer): void {
    const { webSocket } = this.options;
    const stdin = this.#process?.stdin;
    if (stdin === undefined) return;
    if (message[0] === CHANNEL.close) {
      stdin.end();
      return;
    }
    if (stdin.destroyed || stdin.writableEnded) return;
    // Messages that were received already come in spite of the pause; they wait in the stream.
    if (!stdin.write(message.subarray(1))) webSocket.pause();
  }

  /** Gives the terminal the newest size, one change after the other. */
  #resize(): void {
    if (this.#resizing !== undefined) return;
    const tty = this.#process?.tty;
    const size = this.#size;
    this.#size = undefined;
    if (tty === undefined || size === undefined) return;
    const argv = ['stty', '-F', tty, 'rows', String(size.rows), 'cols', String(size.columns)];
    this.#resizing = this.#enter({ argv, stdin: false, tty: false })
      .then(async (stty) => {
        stty.stdout.resume();
        stty.stderr.resume();
        await stty.exited;
      })
      // The command or the client has gone meanwhile, or there is no stty: then the terminal keeps its size.
      .catch(() => {})
      .finally(() => {
        this.#resizing = undefined;
        this.#resize();
      });
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
