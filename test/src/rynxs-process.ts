import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BASIC_AGENT = join(ROOT, 'examples/agent-basic.yaml');
export const RYNXS = [process.execPath, join(ROOT, 'cli/bin/rynxs.js')] as const;
export const ANY_PORTS = ['--port', '0', '--metrics-port', '0', '--health-port', '0'] as const;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real command, run as a user would. What it prints can be waited for. */
export class RynxsProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #printing = new EventEmitter();
  #stdout = '';
  #stderr = '';

  /** Runs `command` in `cwd`; with `env` added to an environment that holds nothing of the test's but PATH. */
  constructor(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#printing.emit('more');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#printing.emit('more');
    });
    this.#child = child;
    this.#ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** Undefined when the command could not be run. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** Resolves when `text` has been printed; rejects when the command ends without it. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const ended = await Promise.race([this.#ended, once(this.#printing, 'more').then(() => undefined)]);
      if (ended !== undefined && !this.output.includes(text)) {
        throw new Error(`it ended with ${ended.code} before it printed "${text}":\n${this.output}`);
      }
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** Environment in which `rynxs start` in a directory goes on with what `rynxs dev` has made there, or begins with nothing. */
export function settingsOfDev(directory: string): Readonly<Record<string, string>> {
  const data = join(directory, '.rynxs');
  return {
    CLUSTER_TYPE: 'embedded',
    EMBEDDED_CLUSTER_DIR: join(data, 'cluster'),
    EMBEDDED_CLUSTER_PORT: '0',
    EMBEDDED_CLUSTER_KUBECONFIG: join(data, 'kubeconfig'),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: '0',
    HEALTH_PORT: '0',
    LOG_DIR: join(data, 'logs'),
  };
}

/** Runs `rynxs` with `args` to its end. */
export async function runRynxs(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using process = new RynxsProcess([...RYNXS, ...args], cwd, env);
  return await process.ended();
}

/** A directory that is gone when the test ends. */
export class TestDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'rynxs-e2e-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
