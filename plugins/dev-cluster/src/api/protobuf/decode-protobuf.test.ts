import { expect } from 'chai';
import fc from 'fast-check';
import { StatusError } from '../../storage/status-error.js';
import { decodeProtobuf } from './decode-protobuf.js';

/** A length-delimited field. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function number(fieldNumber: number, value: number): Buffer {
  return Buffer.concat([varint(fieldNumber << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function body(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const type = message(field(1, apiVersion), field(2, kind));
  return message(Buffer.from('k8s\0'), field(1, type), field(2, raw), field(3, ''), field(4, ''));
}

describe('protocol buffers of kubectl create', () => {
  it('become a ConfigMap', () => {
    const entry = (key: string, value: string) => field(2, message(field(1, key), field(2, value)));
    const meta = message(
      field(1, 'a'),
      field(2, ''),
      number(7, 0),
      field(8, ''),
      field(11, message(field(1, 'x'), field(2, 'y'))),
    );
    const raw = message(field(1, meta), entry('k', 'v'), entry('l', ''), number(4, 0));
    expect(decodeProtobuf(body('v1', 'ConfigMap', raw))).to.deep.equal({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', labels: { x: 'y' } },
      data: { k: 'v', l: '' },
      immutable: false,
    });
  });

  it('become a Deployment, with zero only where it means something', () => {
    const container = message(
      field(1, 'c'),
      field(2, 'image'),
      field(3, 'sh'),
      field(3, '-c'),
      field(5, ''),
      number(16, 0),
    );
    const template = message(field(1, ''), field(2, message(field(2, container), field(3, ''))));
    const spec = message(
      number(1, 0),
      field(3, template),
      field(4, field(1, '')),
      number(5, 0),
      number(7, 0),
    );
    expect(decodeProtobuf(body('apps/v1', 'Deployment', message(field(2, spec)))).spec).to.deep.equal({
      replicas: 0,
      template: {
        metadata: {},
        spec: { containers: [{ name: 'c', image: 'image', command: ['sh', '-c'] }] },
      },
      strategy: {},
    });
  });

  it('are refused with 415 where a kind or field is not known', () => {
    for (const unknown of [
      body('batch/v1', 'Job', Buffer.alloc(0)),
      body('v1', 'ConfigMap', field(99, 'x')),
    ]) {
      expect(() => decodeProtobuf(unknown))
        .to.throw(StatusError, 'send application/json')
        .with.property('code', 415);
    }
  });

  it('are refused with 400 when they end too early', () => {
    const whole = body('v1', 'ConfigMap', field(1, field(1, 'a')));
    const cut = Buffer.concat([whole.subarray(0, -4), varint((2 << 3) | 2), varint(100), Buffer.from('x')]);
    expect(() => decodeProtobuf(cut))
      .to.throw(StatusError, 'ends in the middle')
      .with.property('code', 400);
  });

  it('are refused with 400 or 415, and nothing else, whatever the bytes are', () => {
    const start = body(
      'v1',
      'Secret',
      message(field(1, field(1, 'a')), field(2, message(field(1, 'k'), field(2, 'v')))),
    );
    fc.assert(
      fc.property(fc.nat(start.length), fc.uint8Array({ maxLength: 20 }), (cut, noise) => {
        const bytes = Buffer.concat([start.subarray(0, cut), noise]);
        try {
          decodeProtobuf(bytes);
          return true;
        } catch (error) {
          return error instanceof StatusError && (error.code === 400 || error.code === 415);
        }
      }),
    );
  });
});
