/** A field of a message as it stands in the bytes. */
export interface WireField {
  readonly number: number;
  /** The value of a varint; undefined for other wire types. */
  readonly varint?: bigint;
  /** The bytes of a length-delimited value; undefined for other wire types. */
  readonly bytes?: Buffer;
}

/** Thrown for bytes that are no message. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const MAX_VARINT_BYTES = 10;

/** Reads the fields of a protocol buffers message, in the order in which they stand. Throws WireError. */
export function* readFields(bytes: Buffer): Generator<WireField> {
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let read = 0; read < MAX_VARINT_BYTES; read += 1) {
      const byte = bytes[offset];
      if (byte === undefined) throw new WireError('the message ends in the middle of a number');
      offset += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * read);
      if (byte < 0x80) return value;
    }
    throw new WireError('a number is longer than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - offset) throw new WireError('the message ends in the middle of a field');
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case VARINT:
        yield { number, varint: varint() };
        break;
      case LENGTH_DELIMITED:
        yield { number, bytes: take(Number(varint())) };
        break;
      case FIXED_64:
        take(8);
        yield { number };
        break;
      case FIXED_32:
        take(4);
        yield { number };
        break;
      default:
        throw new WireError(`wire type ${tag & 7} is not known`);
    }
  }
}

/** A varint as the signed number that it stands for. */
export function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
