const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines of JSON. Bytes of an unfinished line are kept as they came and joined once, so a
 * line that arrives in many pieces costs no more than its length. A line without an end is never handed on.
 */
export class JsonLines {
  #pieces: Buffer[] = [];
  #pendingBytes = 0;

  constructor(
    readonly onLine: (value: unknown) => void,
    readonly maxLineBytes: number,
    /** Lines that are of no interest, told by their bytes: they are not parsed. */
    readonly isKnown: (line: Buffer) => boolean = () => false,
  ) {}

  /** Throws SyntaxError for a line that is no JSON, RangeError for one that is too long. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    const rest = chunk.subarray(start);
    this.#checkLength(rest.length);
    this.#pieces.push(rest);
    this.#pendingBytes += rest.length;
  }

  #finish(last: Buffer): void {
    this.#checkLength(last.length);
    let line = last;
    if (this.#pieces.length > 0) {
      line = Buffer.concat([...this.#pieces, last]);
      this.#pieces = [];
      this.#pendingBytes = 0;
    }
    if (line.length > 0 && !this.isKnown(line)) this.onLine(JSON.parse(line.toString('utf8')));
  }

  #checkLength(added: number): void {
    if (this.#pendingBytes + added > this.maxLineBytes) {
      throw new RangeError(`a line is longer than ${this.maxLineBytes} bytes`);
    }
  }
}
