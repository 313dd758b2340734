import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '@rynxs/kernel';
import { SampleLog } from '@rynxs/kernel/testing';
import { checkpointOrigin, formatCheckpoint, formatNote, MerkleFrontier, NoteSigner } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';

const signal = new AbortController().signal;

/** A log in `.rynxs/logs` of a directory, as an operator writes it, with checkpoints where a test wants them. */
export class SignedLog {
  static readonly origin = checkpointOrigin('sample-log');
  readonly log = new SampleLog();
  readonly signer = NoteSigner.generate('rynxs');
  readonly directory: string;
  readonly logs: string;
  readonly keyFile: string;
  #frontier = new MerkleFrontier();

  constructor(directory: string) {
    this.directory = directory;
    this.logs = join(directory, '.rynxs/logs');
    this.keyFile = join(directory, 'log-signing.key');
    mkdirSync(directory, { recursive: true });
    writeFileSync(this.keyFile, `${this.signer.export()}\n`, { mode: 0o600 });
  }

  /** The active file; all of the log, as long as it is small. */
  get file(): string {
    return join(this.logs, 'operator-events.log');
  }

  get vkey(): string {
    return this.signer.verifier.toString();
  }

  get size(): number {
    return this.#frontier.size;
  }

  get root(): Buffer {
    return this.#frontier.root();
  }

  /** Appends commits. */
  async append(...batches: readonly Batch[]): Promise<void> {
    await this.#withStore(async (store) => {
      for (const batch of batches) {
        await store.append(batch, signal);
        this.#frontier.appendLines(batch.bytes);
      }
    });
  }

  /** Appends commits, each with a checkpoint. */
  async appendSigned(...batches: readonly Batch[]): Promise<void> {
    await this.#withStore(async (store) => {
      for (const batch of batches) {
        await store.append(batch, signal);
        this.#frontier.appendLines(batch.bytes);
        await store.createObject(nameOf(this.size), Buffer.from(this.checkpoint()), signal);
      }
    });
  }

  /** The checkpoint of the log as it is, signed by the log's key or another one. */
  checkpoint(signer: NoteSigner = this.signer): string {
    const text = formatCheckpoint({ origin: SignedLog.origin, size: this.size, root: this.root });
    return formatNote(signer.named(SignedLog.origin).sign(text));
  }

  /** Puts a checkpoint of the log as it is beside it. */
  async sign(text = this.checkpoint(), size = this.size): Promise<void> {
    await this.#withStore((store) => store.createObject(nameOf(size), Buffer.from(text), signal));
  }

  /** Writes a file of the test's, and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  async #withStore(work: (store: FileEventStore) => Promise<void>): Promise<void> {
    const store = new FileEventStore({ dir: this.logs });
    try {
      await store.open(signal);
      await work(store);
    } finally {
      await store.close();
    }
  }
}

function nameOf(size: number): string {
  return `checkpoints/${String(size).padStart(10, '0')}`;
}
