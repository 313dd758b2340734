import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LogRecord } from '@rynxs/log';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const POLL_MS = 50;

/** What a command printed, and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real `rynxs dev` with the basic example, in a directory of its own and on free ports. */
export class DevSystem {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rynxs-cluster-'));
  readonly #kubectl: string;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(kubectl: string) {
    this.#kubectl = kubectl;
  }

  /** Resolves when the agent is Ready and the operator has said what to try next. */
  async start(timeoutMs: number): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        ...[join(ROOT, 'cli/bin/rynxs.js'), 'dev', join(ROOT, 'examples/agent-basic.yaml')],
        ...['--data-dir', this.#dataDirectory, '--port', '0', '--metrics-port', '0', '--health-port', '0'],
      ],
      { cwd: this.#directory, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    await this.eventually(
      'the system runs',
      async () => {
        if (child.exitCode !== null) throw new Error(`rynxs dev ended with ${child.exitCode}`);
        return this.#output.includes('log verified');
      },
      timeoutMs,
    );
  }

  /** Ends the operator as Ctrl-C does; resolves to its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
    return child.exitCode;
  }

  /** Removes the directory; the operator must have been stopped. */
  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  kubectl(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    return run(this.#kubectl, ['--kubeconfig', join(this.#dataDirectory, 'kubeconfig'), ...args], env);
  }

  rynxs(args: readonly string[]): Promise<CommandResult> {
    return run(process.execPath, [join(ROOT, 'cli/bin/rynxs.js'), ...args], {});
  }

  /** Arguments that name this system's log. */
  get store(): readonly string[] {
    return ['--store', `file://${join(this.#dataDirectory, 'logs')}`];
  }

  /** The last records of the log, as `rynxs log tail` reads them while the operator writes. */
  async records(): Promise<readonly LogRecord['event'][]> {
    const args = ['log', 'tail', '-n', '1000', '--output', 'json', ...this.store];
    const { stdout } = await this.rynxs(args);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const parsed = JSON.parse(line) as LogRecord['event'] | LogRecord;
      return 'event' in parsed ? parsed.event : parsed;
    });
  }

  /** Waits until `condition` is true; the error says what was waited for and what the operator printed. */
  async eventually(what: string, condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (performance.now() > deadline) {
        throw new Error(`not within ${timeoutMs} ms: ${what}\n--- the operator printed\n${this.#output}`);
      }
      await delay(POLL_MS);
    }
  }

  get #dataDirectory(): string {
    return join(this.#directory, 'data');
  }
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}
