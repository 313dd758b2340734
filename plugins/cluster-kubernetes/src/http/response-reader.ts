/** The part of an answer's head that matters here. */
export interface ResponseHead {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** What is told of an answer, in this order: its head once, any number of pieces of its body, its end. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onData(piece: Buffer): void;
  /** `isReusable`: the connection may carry another request. */
  onEnd(isReusable: boolean): void;
}

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'size'
  | 'chunk'
  | 'chunk end'
  | 'trailer'
  | 'until end'
  | 'stopped';

const NOTHING = Buffer.alloc(0);
const MAX_HEAD_BYTES = 64 * 1024;
// A chunk's size in hex with extensions; trailers are lines too.
const MAX_LINE_BYTES = 8 * 1024;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const CHUNK_SIZE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

/**
 * Reads the answers on one HTTP/1.1 connection (RFC 9112), one after the other, as their bytes come. Strict: what can be
 * understood in two ways is an error. Throws Error for bytes that are no answer, or that nobody asked for.
 */
export class ResponseReader {
  readonly #sink: ResponseSink;
  #state: State = 'idle';
  /** The beginning of a head or a line whose end has not come yet. */
  #unfinished: Buffer = NOTHING;
  /** Bytes that the body, or its current chunk, still has. */
  #left = 0;
  #isReusable = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** A request goes out: an answer is due. */
  expect(): void {
    this.#state = 'head';
  }

  /** Nothing more is told. */
  stop(): void {
    this.#state = 'stopped';
    this.#unfinished = NOTHING;
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    if (this.#unfinished.length > 0) {
      rest = Buffer.concat([this.#unfinished, bytes]);
      this.#unfinished = NOTHING;
    }
    while (rest.length > 0 && this.#state !== 'stopped') {
      const taken = this.#take(rest);
      if (taken === 0) {
        this.#unfinished = rest;
        return;
      }
      rest = rest.subarray(taken);
    }
  }

  /** The server will send no more. Returns whether that is the regular end of an answer. */
  end(): boolean {
    if (this.#state !== 'until end') return false;
    this.#finish();
    return true;
  }

  /** Reads one step; returns the number of bytes that it used, 0 when more must come first. */
  #take(rest: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(rest);
      case 'length':
      case 'chunk':
        return this.#takeBody(rest);
      case 'size':
        return this.#takeLine(rest, (line) => this.#onSize(line));
      case 'chunk end':
        return this.#takeLine(rest, (line) => this.#onChunkEnd(line));
      case 'trailer':
        return this.#takeLine(rest, (line) => this.#onTrailer(line));
      case 'until end':
        this.#sink.onData(rest);
        return rest.length;
      default:
        throw new Error('the server sent what was not asked for');
    }
  }

  #takeHead(rest: Buffer): number {
    const end = rest.indexOf('\r\n\r\n');
    if (end > MAX_HEAD_BYTES || (end === -1 && rest.length > MAX_HEAD_BYTES)) {
      throw new Error(`the head of the answer is longer than ${MAX_HEAD_BYTES} bytes`);
    }
    if (end === -1) return 0;
    this.#onHead(rest.toString('latin1', 0, end).split('\r\n'));
    return end + 4;
  }

  #onHead([statusLine = '', ...fields]: readonly string[]): void {
    const [, minor, code] = STATUS_LINE.exec(statusLine) ?? [];
    if (code === undefined) throw new Error('the answer is not HTTP/1.1');
    const status = Number(code);
    if (status === 101) throw new Error('the server switched protocols, which was not asked for');
    // Interim answers say nothing; the real one follows.
    if (status < 200) return;
    const { length, coding, connection, retryAfter } = framingOf(fields);
    this.#isReusable = minor === '1' && !connection.has('close');
    if (status === 204 || status === 304) {
      this.#left = 0;
      this.#state = 'length';
    } else if (coding !== undefined) {
      if (coding !== 'chunked') throw new Error(`the answer has an unknown transfer coding: ${coding}`);
      if (length !== undefined) throw new Error('the answer has two lengths');
      this.#state = 'size';
    } else if (length !== undefined) {
      this.#left = length;
      this.#state = 'length';
    } else {
      this.#isReusable = false;
      this.#state = 'until end';
    }
    const isEmpty = this.#state === 'length' && this.#left === 0;
    this.#sink.onHead({ status, retryAfter });
    if (isEmpty) this.#finish();
  }

  #takeBody(rest: Buffer): number {
    const count = Math.min(this.#left, rest.length);
    this.#left -= count;
    const isComplete = this.#left === 0;
    const isChunk = this.#state === 'chunk';
    if (isChunk && isComplete) this.#state = 'chunk end';
    this.#sink.onData(rest.subarray(0, count));
    if (!isChunk && isComplete) this.#finish();
    return count;
  }

  #takeLine(rest: Buffer, onLine: (line: string) => void): number {
    const end = rest.indexOf('\r\n');
    if (end > MAX_LINE_BYTES || (end === -1 && rest.length > MAX_LINE_BYTES)) {
      throw new Error('the answer has a line between chunks that does not end');
    }
    if (end === -1) return 0;
    onLine(rest.toString('latin1', 0, end));
    return end + 2;
  }

  #onSize(line: string): void {
    const [, digits] = CHUNK_SIZE.exec(line) ?? [];
    if (digits === undefined) throw new Error('the answer has a chunk without a size');
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
  }

  #onChunkEnd(line: string): void {
    if (line !== '') throw new Error('the answer has a chunk that is longer than its size');
    this.#state = 'size';
  }

  #onTrailer(line: string): void {
    if (line === '') this.#finish();
  }

  #finish(): void {
    // Who was told to stop meanwhile wants to hear no end.
    if (this.#state === 'stopped') return;
    this.#state = 'idle';
    this.#sink.onEnd(this.#isReusable);
  }
}

interface Framing {
  readonly length: number | undefined;
  readonly coding: string | undefined;
  readonly connection: ReadonlySet<string>;
  readonly retryAfter: string | undefined;
}

function framingOf(fields: readonly string[]): Framing {
  let length: number | undefined;
  let coding: string | undefined;
  let connection: ReadonlySet<string> = new Set();
  let retryAfter: string | undefined;
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon <= 0) throw new Error('the answer has a header field without a name');
    switch (field.slice(0, colon).toLowerCase()) {
      case 'content-length':
        length = lengthOf(field.slice(colon + 1).trim(), length);
        break;
      case 'transfer-encoding':
        coding = [
          ...(coding === undefined ? [] : [coding]),
          field
            .slice(colon + 1)
            .trim()
            .toLowerCase(),
        ].join();
        break;
      case 'connection':
        connection = new Set(
          field
            .slice(colon + 1)
            .toLowerCase()
            .split(',')
            .map((option) => option.trim()),
        );
        break;
      case 'retry-after':
        retryAfter = field.slice(colon + 1).trim();
        break;
    }
  }
  return { length, coding, connection, retryAfter };
}

function lengthOf(text: string, earlier: number | undefined): number {
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(length)) throw new Error(`the answer has no valid length: ${text}`);
  if (earlier !== undefined && earlier !== length) throw new Error('the answer has two lengths');
  return length;
}
