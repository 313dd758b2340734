import type { Terminal } from '../terminal/terminal.js';

/** A terminal for tests: what was written can be read, and Ctrl-C is a method. */
export class RecordingTerminal implements Terminal {
  readonly stdout: RecordingOutput;
  readonly stderr: RecordingOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly #interruption = new AbortController();

  constructor(options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly isTTY?: boolean;
  }) {
    this.cwd = options.cwd;
    this.env = options.env ?? {};
    this.stdout = new RecordingOutput(options.isTTY ?? false);
    this.stderr = new RecordingOutput(options.isTTY ?? false);
  }

  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  interrupt(): void {
    this.#interruption.abort(new Error('interrupted'));
  }
}

export class RecordingOutput {
  readonly columns = 80;
  #text = '';
  readonly #waiting = new Set<() => void>();

  constructor(readonly isTTY: boolean) {}

  get text(): string {
    return this.#text;
  }

  write(text: string): void {
    this.#text += text;
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves as soon as what was written matches. */
  async until(pattern: RegExp): Promise<void> {
    if (pattern.test(this.#text)) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!pattern.test(this.#text)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}
