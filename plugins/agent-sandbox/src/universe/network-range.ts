/** A network as numbers: all addresses whose first `length` bits are those of `address`. */
interface NetworkRange {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly length: number;
}

/** Whether all addresses of the network `inner` are in `outer`. Both must have been checked by `isCidr`. */
export function isWithin(inner: string, outer: string): boolean {
  const a = parseRange(inner);
  const b = parseRange(outer);
  if (a.bits !== b.bits || a.length < b.length) return false;
  const rest = BigInt(b.bits - b.length);
  return a.address >> rest === b.address >> rest;
}

function parseRange(cidr: string): NetworkRange {
  const [address = '', length = ''] = cidr.split('/');
  return address.includes(':')
    ? { bits: 128, address: parseIpv6(address), length: Number(length) }
    : { bits: 32, address: parseIpv4(address), length: Number(length) };
}

function parseIpv4(address: string): bigint {
  return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

/** RFC 4291: `::` stands for as many groups of zeros as are missing. */
function parseIpv6(address: string): bigint {
  const [head = [], tail] = address.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...(tail ?? [])].reduce(
    (sum, group) => sum * 65_536n + BigInt(`0x${group}`),
    0n,
  );
}
