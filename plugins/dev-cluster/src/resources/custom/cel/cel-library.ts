import { BlockList, isIP } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';
import { parseQuantity, QUANTITY_HELP } from '../../quantity.js';
import { compileRe2 } from './regular-expressions.js';

/** A resource quantity, to 15 digits. */
class Quantity {
  constructor(readonly value: number) {}
}

/** A network: `10.0.0.0/8`. */
class Cidr {
  readonly #block = new BlockList();
  constructor(
    readonly address: string,
    readonly bits: number,
  ) {
    this.#block.addSubnet(address, bits, familyOf(address));
  }

  has(address: string): boolean {
    return this.#block.check(address, familyOf(address));
  }
}

/**
 * Adds the functions that Kubernetes adds to CEL, as far as the rules of definitions have use for them here: quantities,
 * networks, regular expressions, sorted lists (k8s.io/apiserver, pkg/cel/library) and `replace` of the strings' library.
 */
export function addKubernetesLibrary(environment: Environment): Environment {
  addQuantities(environment);
  addNetworks(environment);
  addLists(environment);
  // The library's own `matches` does not know RE2's flags; rules are rewritten to call this one.
  environment.registerFunction(`string.${RE2_MATCHES}(string): bool`, (text: string, expression: string) =>
    compileRe2(expression).test(text),
  );
  environment.registerFunction(
    'string.find(string): string',
    (text: string, expression: string) => compileRe2(expression).exec(text)?.[0] ?? '',
  );
  environment.registerFunction(
    'string.replace(string, string): string',
    (text: string, from: string, to: string) => text.replaceAll(from, () => to),
  );
  return environment;
}

/** What `matches` is called once a rule has been rewritten. */
export const RE2_MATCHES = 'matchesRe2';

function addQuantities(environment: Environment): void {
  environment.registerType('Quantity', { ctor: Quantity, fields: {} });
  environment.registerFunction(
    'isQuantity(string): bool',
    (text: string) => parseQuantity(text) !== undefined,
  );
  environment.registerFunction('quantity(string): Quantity', (text: string) => {
    const value = parseQuantity(text);
    if (value === undefined) throw new Error(QUANTITY_HELP);
    return new Quantity(value);
  });
  const compared = (name: string, result: string, compare: (left: number, right: number) => unknown) =>
    environment.registerFunction(`Quantity.${name}(Quantity): ${result}`, (left: Quantity, right: Quantity) =>
      compare(left.value, right.value),
    );
  compared('isGreaterThan', 'bool', (left, right) => left > right);
  compared('isLessThan', 'bool', (left, right) => left < right);
  compared('compareTo', 'int', (left, right) => BigInt(Math.sign(left - right)));
  compared('add', 'Quantity', (left, right) => new Quantity(left + right));
  compared('sub', 'Quantity', (left, right) => new Quantity(left - right));
  environment.registerFunction('Quantity.sign(): int', ({ value }: Quantity) => BigInt(Math.sign(value)));
  environment.registerFunction('Quantity.isInteger(): bool', ({ value }: Quantity) =>
    Number.isInteger(value),
  );
  environment.registerOperator(
    'Quantity == Quantity',
    (left: Quantity, right: Quantity) => left.value === right.value,
  );
}

function addNetworks(environment: Environment): void {
  environment.registerType('Cidr', { ctor: Cidr, fields: {} });
  environment.registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0);
  environment.registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined);
  environment.registerFunction('cidr(string): Cidr', cidrOf);
  environment.registerFunction('Cidr.prefixLength(): int', ({ bits }: Cidr) => BigInt(bits));
  environment.registerFunction('Cidr.containsIP(string): bool', (network: Cidr, address: string) => {
    if (isIP(address) === 0) throw new Error(`ParseAddr(${JSON.stringify(address)}): unable to parse IP`);
    return network.has(address);
  });
  environment.registerFunction('Cidr.containsCIDR(string): bool', (network: Cidr, text: string) => {
    const inner = cidrOf(text);
    return inner.bits >= network.bits && network.has(inner.address);
  });
}

function cidrOf(text: string): Cidr {
  const network = parseCidr(text);
  if (network !== undefined) return network;
  throw new Error(`network address parse error during conversion from string: ${text}`);
}

function parseCidr(text: string): Cidr | undefined {
  const [address = '', bits = '', ...rest] = text.split('/');
  const family = isIP(address);
  const valid =
    family !== 0 &&
    rest.length === 0 &&
    /^(0|[1-9]\d{0,2})$/.test(bits) &&
    Number(bits) <= (family === 4 ? 32 : 128);
  return valid ? new Cidr(address, Number(bits)) : undefined;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

type Sortable = bigint | number | string;

function addLists(environment: Environment): void {
  for (const type of ['int', 'double', 'string']) {
    environment.registerFunction(`list<${type}>.isSorted(): bool`, (list: readonly Sortable[]) =>
      list.every((item, index) => index === 0 || (list[index - 1] ?? item) <= item),
    );
    environment.registerFunction(`list<${type}>.min(): ${type}`, (list: readonly Sortable[]) =>
      extreme(list, 'min', (a, b) => a < b),
    );
    environment.registerFunction(`list<${type}>.max(): ${type}`, (list: readonly Sortable[]) =>
      extreme(list, 'max', (a, b) => a > b),
    );
  }
  environment.registerFunction('list<int>.sum(): int', (list: readonly bigint[]) =>
    list.reduce((sum, item) => sum + item, 0n),
  );
}

function extreme(
  list: readonly Sortable[],
  name: string,
  wins: (a: Sortable, b: Sortable) => boolean,
): Sortable {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error(`${name} called on empty list`);
  return rest.reduce((best, item) => (wins(item, best) ? item : best), first);
}
