import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LogRecord } from '@rynxs/log';

const SCRIPT = fileURLToPath(new URL('./replaying-process.js', import.meta.url));

/** Surroundings that have nothing in common but the program. */
export const HERE = { TZ: 'UTC', LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8', HOME: '/' } as const;
export const ELSEWHERE = {
  USER: 'somebody',
  LC_ALL: 'tr_TR.UTF-8',
  LANG: 'tr_TR.UTF-8',
  TZ: 'Pacific/Kiritimati',
} as const;

/** A process of its own that replays one history after another. */
export class Replayer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(env: Readonly<Record<string, string>>, flags: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...flags, SCRIPT], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    // That the process has ended is told by the answer that does not come.
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout === null) throw new TypeError('the process has no output');
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What followed each of the records. */
  async replay(records: readonly LogRecord[]): Promise<readonly string[]> {
    this.#child.stdin?.write(`${JSON.stringify(records)}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error('the process has ended');
    return JSON.parse(value) as string[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
