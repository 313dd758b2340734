import { ChainVerifier } from '../chain-verifier.js';
import { Damage } from '../damage.js';
import { type Json, LOG_AGGREGATE, type LogEvent } from '../event.js';
import { LeafHasher } from '../merkle/leaf-hasher.js';
import type { Digest } from '../merkle/leaf-lines.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { RECORD_HEAD_BYTES } from '../record.js';
import type {
  ChainVerifierOptions,
  VerificationSummary,
  VerifiedCommit,
  VerifiedLine,
} from '../verification.js';
import { judge } from './judge.js';
import { isCount } from './ledger.js';
import { LogPosition } from './log-position.js';
import { RootRecorder } from './root-recorder.js';
import { readWitness, type UntrustedCheckpoint, type Witness } from './witness.js';

/** Takes whole record lines, and the sizes at which the tree's root is asked for; they lie within the lines or ahead. */
export type TreeSink = (lines: Uint8Array, sizes: readonly number[]) => void;

export interface LogAuditOptions
  extends Pick<ChainVerifierOptions, 'strict' | 'logId' | 'onRecord' | 'onCommit'> {
  /** Where to go on; the start of a log when absent. It is moved forward with every whole commit. */
  readonly position?: LogPosition;
  /** The keys that are trusted, whatever their names. Those that the log adds under their signature are trusted too. */
  readonly trusted?: readonly NoteVerifier[];
  /** Signed checkpoints from beside the log. Those without a trusted signature are reported and never count. */
  readonly checkpoints?: readonly string[];
  /** Checkpoints from a place that the store's owner does not control: they count whatever their signatures. */
  readonly anchors?: readonly string[];
  /** Roots that are known for certain, as from a snapshot that was begun with. */
  readonly known?: readonly KnownRoot[];
  /**
   * Who grows the Merkle tree: `inline` (default), nobody, or a sink, whose roots are then given to `finish`. Without a tree
   * checkpoints are not compared.
   */
  readonly tree?: 'inline' | 'none' | TreeSink;
}

/** The root of the tree at a size. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Buffer;
  /** How messages call where it is from. */
  readonly source: string;
}

/** What an audit found of a log in which nothing is wrong. */
export interface AuditResult {
  readonly summary: VerificationSummary;
  /** Root of the tree over all records; undefined without a tree. */
  readonly root: Buffer | undefined;
  /** The newest checkpoint of a trusted key that the log agrees with: its size; 0 when there is none. */
  readonly signedTo: number;
  /** The newest anchor that the log agrees with: its size; 0 when there is none. */
  readonly anchoredTo: number;
  /** Checkpoints that do not count. */
  readonly untrusted: readonly UntrustedCheckpoint[];
}

const LOG_EVENT = Buffer.from(`{"aggregate_id":"${LOG_AGGREGATE}",`);
const AGGREGATE_AT = LOG_EVENT.indexOf(LOG_AGGREGATE);
const LF = 0x0a;

/**
 * Verifies a log in one pass and constant memory: every record and rule (ChainVerifier), the Merkle tree over the record
 * lines, and that the log has not become shorter than, or other than, what trusted checkpoints and anchors say of it.
 *
 * `push` and `finish` throw Damage for the first thing that is wrong.
 */
export class LogAudit {
  readonly position: LogPosition;
  readonly #options: LogAuditOptions;
  readonly #verifier: ChainVerifier;
  readonly #witnesses: readonly Witness[];
  readonly #untrusted: readonly UntrustedCheckpoint[];
  readonly #recorder: RootRecorder | undefined;
  readonly #sink: TreeSink | undefined;
  readonly #leaves = new LeafHasher();
  /** Leaves of the open commit. */
  #openLeaves: Digest[] = [];
  /** Sizes for the sink that it has not been told of. */
  #sizes: number[] = [];
  /** Roots that the log's own TailAdopted events claim. */
  readonly #adopted: Witness[] = [];
  /** Bytes behind the last whole commit, in pieces; only the last one may end with a cut line. */
  readonly #rest: Buffer[] = [];
  /** Where the tree ends, in bytes. */
  #treeOffset = 0;
  #committedOffset = 0;

  constructor(options: LogAuditOptions = {}) {
    const { position = new LogPosition(), tree = 'inline' } = options;
    this.#options = options;
    this.position = position;
    if (tree === 'inline') this.#recorder = new RootRecorder(position.frontier);
    else if (tree !== 'none') this.#sink = tree;
    const { size, headHash, term, logId } = position;
    this.#verifier = new ChainVerifier({
      ...options,
      fromSeq: size,
      prevHash: headHash,
      ...(size === 0 ? {} : { term: { ...term, logId } }),
      onRecord: (line) => this.#onRecord(line),
      ...(options.onRecord === undefined ? { selects: isLogEvent } : {}),
      onCommit: (commit) => this.#onCommit(commit),
      ...(this.#recorder === undefined
        ? {}
        : { onLine: (text, start, end) => this.#openLeaves.push(this.#leaves.hash(text, start, end)) }),
    });
    const { witnesses, untrusted } = readWitnesses(options);
    this.#witnesses = witnesses;
    this.#untrusted = untrusted;
    for (const witness of witnesses) this.#want(witness.size);
  }

  /** Verifies the next bytes of the log, cut anywhere. */
  push(chunk: Uint8Array): void {
    this.#verifier.push(chunk);
    if (this.#sink !== undefined) this.#grow(chunk, this.#sink);
  }

  /** Ends the audit. `roots`: what the sink made of the lines, with the root at the end. */
  finish(roots: ReadonlyMap<number, Buffer> = this.#recorder?.roots() ?? new Map()): AuditResult {
    const summary = this.#verifier.finish();
    const { position } = this;
    const { trusted = [] } = this.#options;
    const witnesses = [...this.#witnesses, ...this.#adopted];
    const { signedTo, anchoredTo, untrusted } = judge({ position, roots, trusted, witnesses });
    return {
      summary,
      root: roots.get(position.size),
      signedTo,
      anchoredTo,
      untrusted: [...this.#untrusted, ...untrusted],
    };
  }

  #onRecord(line: VerifiedLine): void {
    if (isLogEvent(line.line, 0)) this.#onLogEvent(line);
    this.#options.onRecord?.(line);
  }

  /** Takes in what the log says of itself. */
  #onLogEvent(line: VerifiedLine): void {
    const event = readLogEvent(line);
    this.position.ledger.apply(event);
    if (event.type === 'EpochStarted') this.#want(event.seq);
    if (event.type !== 'TailAdopted' || event.hash_version !== 'v3') return;
    const { to, root } = event.payload;
    if (!isCount(to) || to >= event.seq || typeof root !== 'string') return;
    this.#adopted.push({
      kind: 'adopted',
      size: to + 1,
      root: Buffer.from(root, 'base64'),
      source: `TailAdopted at seq ${event.seq}`,
    });
  }

  #onCommit(commit: VerifiedCommit): void {
    const { position } = this;
    position.size = commit.firstSeq + commit.count;
    position.headHash = commit.headHash;
    position.term = this.#verifier.term;
    this.#committedOffset = commit.offset + commit.bytes;
    for (const leaf of this.#openLeaves) this.#recorder?.appendDigest(leaf);
    this.#openLeaves.length = 0;
    this.#options.onCommit?.(commit);
  }

  #want(size: number): void {
    this.#recorder?.want(size);
    if (this.#sink !== undefined) this.#sizes.push(size);
  }

  /** Gives the sink what is in whole commits. */
  #grow(chunk: Uint8Array, sink: TreeSink): void {
    const bytes = this.#afterCutLine(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const whole = this.#committedOffset - this.#treeOffset;
    if (whole > 0) {
      const held = this.#rest.reduce((sum, { length }) => sum + length, 0);
      for (const lines of this.#rest.splice(0)) sink(lines, this.#sizes.splice(0));
      sink(bytes.subarray(0, whole - held), this.#sizes.splice(0));
      this.#treeOffset = this.#committedOffset;
      this.#hold(bytes.subarray(whole - held));
    } else {
      this.#hold(bytes);
    }
  }

  /** The chunk behind the line that the last one has cut. */
  #afterCutLine(chunk: Buffer): Buffer {
    const last = this.#rest.at(-1);
    if (last === undefined || last.at(-1) === LF) return chunk;
    this.#rest.pop();
    return Buffer.concat([last, chunk]);
  }

  /** Copies what is behind the last whole commit: the chunk is its owner's again. */
  #hold(bytes: Buffer): void {
    if (bytes.length > 0) this.#rest.push(Buffer.from(bytes));
  }
}

/** Tells the log's own events from the many others without parsing them. */
function isLogEvent(text: Uint8Array, start: number): boolean {
  const at = start + RECORD_HEAD_BYTES;
  // Most are told by the first letter of their aggregate.
  if (text[at + AGGREGATE_AT] !== LOG_EVENT[AGGREGATE_AT]) return false;
  return LOG_EVENT.compare(text, at, at + LOG_EVENT.length) === 0;
}

/** Without strict verification nobody has looked into the payload yet. */
function readLogEvent(line: VerifiedLine): LogEvent {
  try {
    const { event } = line;
    if (event.hash_version !== 'v3' || isMap(event.payload)) return event;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { seq, offset } = line;
  const detail = 'what the log says of itself cannot be read';
  throw new Damage({ kind: 'malformed', seq, offset, lastGoodSeq: seq === 0 ? undefined : seq - 1, detail });
}

function isMap(payload: Json): boolean {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload);
}

function readWitnesses({ checkpoints = [], anchors = [], known = [] }: LogAuditOptions): {
  witnesses: readonly Witness[];
  untrusted: readonly UntrustedCheckpoint[];
} {
  const witnesses: Witness[] = [];
  const untrusted: UntrustedCheckpoint[] = [];
  const read = [
    ...checkpoints.map((text) => readWitness(text, 'checkpoint')),
    ...anchors.map((text) => readWitness(text, 'anchor')),
  ];
  for (const root of known) witnesses.push({ kind: 'known', ...root });
  for (const one of read) {
    if ('root' in one) witnesses.push(one);
    else untrusted.push(one);
  }
  return { witnesses, untrusted };
}
