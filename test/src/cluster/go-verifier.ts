import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What the program answers to a command: what it verified, or why it refused. */
export type Verdict<Answer> =
  | { readonly answer: Answer; readonly error?: undefined }
  | { readonly error: string };

export interface TreeAnswer {
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

/** The answers of the commands of test/go/verify, whose usage text says what each does. */
export interface GoAnswers {
  readonly note: { readonly text: string; readonly verified: readonly string[]; readonly unverified: number };
  readonly receipt: { readonly index: number; readonly size: number; readonly record: string };
  readonly consistency: { readonly old: TreeAnswer; readonly new: TreeAnswer };
  readonly tiles: TreeAnswer;
  readonly tessera: TreeAnswer;
  readonly generate: { readonly signer: string; readonly verifier: string };
  readonly sign: { readonly note: string };
  readonly publish: TreeAnswer;
  readonly prove: { readonly proof: string };
  readonly grow: { readonly proof: string };
}

/** Go's verifiers of logs (test/go/verify), as one process that answers many questions. */
export class GoVerifier implements AsyncDisposable {
  readonly #child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };
  readonly #answers: AsyncIterator<string>;

  constructor(program: string) {
    this.#child = spawn(program, ['batch'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Runs a command. The program answers in order, and its callers ask one question at a time. */
  async ask<Command extends keyof GoAnswers>(
    command: Command,
    ...args: readonly string[]
  ): Promise<Verdict<GoAnswers[Command]>> {
    this.#child.stdin.write(`${JSON.stringify([command, ...args])}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`verify ended with ${this.#child.exitCode} instead of answering`);
    const verdict = JSON.parse(value) as Verdict<GoAnswers[Command]> & { readonly usage?: boolean };
    if (verdict.usage === true)
      throw new Error(`verify has no command ${command} with ${args.length} arguments`);
    return verdict;
  }

  /** The answer of a command that has to succeed. */
  async accepted<Command extends keyof GoAnswers>(
    command: Command,
    ...args: readonly string[]
  ): Promise<GoAnswers[Command]> {
    const verdict = await this.ask(command, ...args);
    if (verdict.error !== undefined) throw new Error(`verify ${command} ${args.join(' ')}: ${verdict.error}`);
    return verdict.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}

/**
 * The path of a program that `npm run test:cluster` built and named by this variable. Where it could not be built, what
 * calls is skipped, or fails in CI.
 */
export function builtProgram(context: Mocha.Context, variable: string): string {
  const program = process.env[variable];
  if (program !== undefined) return program;
  if (process.env.CI === 'true') throw new Error(`${variable} must name a program: use npm run test:cluster`);
  return context.skip();
}
