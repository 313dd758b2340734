import { expect } from 'chai';
import { ResponseReader } from './response-reader.js';

const head = (...fields: readonly string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const CHUNKED = `${head('Transfer-Encoding: chunked')}5\r\nhello\r\n1;name=value\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n`;

/** What a reader tells of some bytes that come in pieces of `size`. */
function read(text: string, size = text.length): readonly string[] {
  const told: string[] = [];
  const reader = readerInto(told);
  reader.expect();
  for (let at = 0; at < text.length; at += size)
    reader.push(Buffer.from(text.slice(at, at + size), 'latin1'));
  return told;
}

function readerInto(told: string[]): ResponseReader {
  let body = '';
  return new ResponseReader({
    onHead: ({ status, retryAfter }) =>
      void told.push(`${status}${retryAfter === undefined ? '' : ` ${retryAfter}`}`),
    onData: (piece) => {
      body += piece.toString('latin1');
    },
    onEnd: (isReusable) => void told.push(body, isReusable ? 'reusable' : 'last'),
  });
}

describe('ResponseReader', () => {
  for (const [what, text, told] of [
    ['a body with a length', `${head('Content-Length: 5')}hello`, ['200', 'hello', 'reusable']],
    ['a body in chunks, with extensions and trailers', CHUNKED, ['200', 'hello world', 'reusable']],
    ['an empty body', head('content-length: 0'), ['200', '', 'reusable']],
    ['an answer that has no body by its status', 'HTTP/1.1 204 No Content\r\n\r\n', ['204', '', 'reusable']],
    [
      'a status without words',
      'HTTP/1.1 429\r\nretry-after:  7 \r\ncontent-length: 0\r\n\r\n',
      ['429 7', '', 'reusable'],
    ],
    [
      'interim answers, which it skips',
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head('content-length: 1')}x`,
      ['200', 'x', 'reusable'],
    ],
    [
      'the wish to close',
      `${head('Connection: Keep-Alive, CLOSE', 'content-length: 1')}x`,
      ['200', 'x', 'last'],
    ],
    [
      'the end of a connection of HTTP/1.0',
      'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
      ['200', 'x', 'last'],
    ],
    ['the same length twice', `${head('content-length: 1', 'Content-Length: 1')}x`, ['200', 'x', 'reusable']],
  ] as const) {
    it(`understands ${what}, however its bytes are cut`, () => {
      for (let size = 1; size <= text.length; size += 1)
        expect(read(text, size), `pieces of ${size}`).to.deep.equal(told);
    });
  }

  it('reads one answer after the other', () => {
    const told: string[] = [];
    const reader = readerInto(told);
    for (const text of [CHUNKED, `${head('content-length: 0')}`]) {
      reader.expect();
      reader.push(Buffer.from(text));
    }
    expect(told.filter((line) => line === 'reusable')).to.have.lengthOf(2);
  });

  it('takes the end of the connection as that of a body without a length, and of no other', () => {
    for (const [fields, isEnd] of [
      [['x: y'], true],
      [['content-length: 10'], false],
      [['transfer-encoding: chunked'], false],
    ] as const) {
      const told: string[] = [];
      const reader = readerInto(told);
      reader.expect();
      reader.push(Buffer.from(`${head(...fields)}5\r\nhe`));
      expect(reader.end()).to.equal(isEnd);
      expect(told.at(-1)).to.equal(isEnd ? 'last' : '200');
    }
  });

  it('tells nothing more after it was stopped in the middle', () => {
    const told: string[] = [];
    const reader: ResponseReader = new ResponseReader({
      onHead: () => void told.push('head'),
      onData: () => {
        told.push('data');
        reader.stop();
      },
      onEnd: () => void told.push('end'),
    });
    reader.expect();
    reader.push(Buffer.from(CHUNKED));
    expect(told).to.deep.equal(['head', 'data']);
  });

  for (const [what, text, words] of [
    ['what is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'not HTTP/1.1'],
    ['a status out of range', 'HTTP/1.1 999 Odd\r\n\r\n', 'not HTTP/1.1'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'switched protocols'],
    ['two lengths', head('content-length: 1', 'content-length: 2'), 'two lengths'],
    ['a length and chunks', head('content-length: 1', 'transfer-encoding: chunked'), 'two lengths'],
    ['a length that is no number', head('content-length: -1'), 'no valid length'],
    ['compression that nobody asked for', head('transfer-encoding: gzip, chunked'), 'transfer coding'],
    ['a nameless field', head(': value'), 'without a name'],
    ['a chunk without a size', `${head('transfer-encoding: chunked')}x\r\n`, 'without a size'],
    ['a chunk that is too long', `${head('transfer-encoding: chunked')}1\r\nab\r\n`, 'longer than its size'],
    ['a head without an end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`, 'longer than 65536'],
    ['a line without an end', `${head('transfer-encoding: chunked')}${'1'.repeat(9000)}`, 'does not end'],
    ['more than was asked for', `${head('content-length: 0')}HTTP/1.1 200 OK\r\n\r\n`, 'not asked for'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => read(text)).to.throw(words);
    });
  }
});
