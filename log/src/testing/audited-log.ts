import { createHash } from 'node:crypto';
import { vouchFor } from '../audit/key-statement.js';
import { checkpointOrigin } from '../checkpoint/checkpoint.js';
import { formatCheckpointNote } from '../checkpoint/checkpoint-note.js';
import type { JsonMap } from '../event.js';
import type { NoteSigner } from '../note/note-signer.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { parseRecord } from '../record.js';
import { LogBuilder } from './log-builder.js';

/** A log that speaks of itself, with checkpoints of it. Its roots are computed from the definition in RFC 6962, 2.1. */
export class AuditedLog extends LogBuilder {
  readonly logId: string;

  constructor(logId = 'log-1') {
    super();
    this.logId = logId;
    this.term();
  }

  get origin(): string {
    return checkpointOrigin(this.logId);
  }

  term(): this {
    return this.startEpoch({ log_id: this.logId, cluster_uid: 'cluster-1', shard: 'default' });
  }

  /** Commits of one record each. */
  events(count: number, payload: JsonMap = {}): this {
    for (let index = 0; index < count; index++) this.commit({ payload });
    return this;
  }

  /** An event in which the log speaks of itself, in a commit of its own. */
  says(type: string, payload: JsonMap): this {
    return this.commit({ aggregate: 'log', type, payload });
  }

  addKey(key: NoteVerifier, voucher?: NoteSigner, seq = this.nextSeq): this {
    return this.says('KeyAdded', this.#statement('key-added', key, voucher, seq));
  }

  retireKey(key: NoteVerifier, voucher: NoteSigner, seq = this.nextSeq): this {
    return this.says('KeyRetired', this.#statement('key-retired', key, voucher, seq));
  }

  root(size: number = this.nextSeq): Buffer {
    return treeRoot(this.lines.slice(0, size).map((line) => line.subarray(0, -1)));
  }

  /** A checkpoint of what is in the log, or of its first `size` records; without signers unsigned. */
  checkpoint(signers: readonly NoteSigner[], size: number = this.nextSeq): string {
    return formatCheckpointNote({ origin: this.origin, size, root: this.root(size) }, signers);
  }

  /** The same log up to a size, at least 1, to be continued otherwise. */
  fork(size: number): AuditedLog {
    const fork = new AuditedLog(this.logId);
    fork.lines.splice(0, fork.lines.length, ...this.lines.slice(0, size));
    const { event, hash } = parseRecord(this.lines[size - 1] ?? '');
    return Object.assign(fork, { hash, epoch: event.meta.epoch, writer: event.meta.writer, label: 'fork' });
  }

  #statement(
    what: 'key-added' | 'key-retired',
    key: NoteVerifier,
    voucher: NoteSigner | undefined,
    seq: number,
  ): JsonMap {
    if (voucher === undefined) return { key: key.toString(), signed_by: null, signature: null };
    const signature = vouchFor(what, this.logId, key, seq, voucher);
    return { key: key.toString(), signed_by: voucher.verifier.toString(), signature };
  }
}

function treeRoot(entries: readonly Uint8Array[]): Buffer {
  const [first] = entries;
  if (first === undefined) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), first);
  let left = 1;
  while (left * 2 < entries.length) left *= 2;
  return sha256(Buffer.of(1), treeRoot(entries.slice(0, left)), treeRoot(entries.slice(left)));
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
