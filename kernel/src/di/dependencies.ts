import 'reflect-metadata';
import type { Dependency, OptionalToken, ServiceClass, Token } from '../contracts/token.js';

/** Global, so that a plugin marked by another copy of the kernel is read the same way. */
const MARKED = Symbol.for('rynxs.dependencies');

type Constructor = abstract new (...parameters: never[]) => unknown;
type MarkedClass = Constructor & { [MARKED]?: Map<number, Dependency>; readonly inject?: unknown };

/** Says that `token` may go without a provider; the parameter is then undefined. */
export function optional<T>(token: Token<T>): OptionalToken<T> {
  return { token, optional: true };
}

/** Marks a constructor's parameter with what it asks for. */
export function inject(
  dependency: Dependency,
): (target: object, property: string | symbol | undefined, index: number) => void {
  return (target, property, index) => {
    if (property !== undefined) throw new TypeError('@inject is for the parameters of constructors');
    const marked = target as MarkedClass;
    // A subclass with a constructor of its own has dependencies of its own.
    if (!Object.hasOwn(marked, MARKED)) Object.defineProperty(marked, MARKED, { value: new Map() });
    marked[MARKED]?.set(index, dependency);
  };
}

/**
 * Checks while the class is defined that every parameter of its constructor is marked. Throws TypeError, which
 * names the class and the parameter.
 */
export function injectable(): (target: Constructor) => void {
  return (target) => {
    const types = Reflect.getOwnMetadata('design:paramtypes', target) as readonly unknown[] | undefined;
    const marked = (target as MarkedClass)[MARKED];
    const count = Math.max(types?.length ?? 0, target.length);
    for (let index = 0; index < count; index++) {
      if (!marked?.has(index)) {
        throw new TypeError(`parameter ${index} of the constructor of ${target.name} has no @inject(TOKEN)`);
      }
    }
  };
}

/**
 * What the constructor of a service asks for, in the order of its parameters, without constructing it. Throws
 * TypeError when the class does not say it for each of them.
 */
export function dependenciesOf(implementation: ServiceClass<unknown>): readonly Dependency[] {
  const marked = (implementation as MarkedClass)[MARKED];
  const dependencies = implementation.inject ?? fromMarks(implementation.name, marked);
  if (!Array.isArray(dependencies) || !dependencies.every(isDependency)) {
    throw new TypeError(`static inject of ${implementation.name} is not a list of tokens`);
  }
  if (implementation.length > dependencies.length) {
    throw new TypeError(
      `the constructor of ${implementation.name} has ${implementation.length} parameters, but names ${dependencies.length} tokens (@inject or static inject)`,
    );
  }
  return dependencies;
}

/** The token of a dependency and whether it may be absent. */
export function tokenOf(dependency: Dependency): {
  readonly token: Token<unknown>;
  readonly optional: boolean;
} {
  return 'optional' in dependency
    ? { token: dependency.token, optional: true }
    : { token: dependency, optional: false };
}

/** Whether `value` is a token, made by this copy of the kernel or by another one. */
export function isToken(value: unknown): value is Token<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const token = value as Partial<Token<unknown>>;
  return typeof token.symbol === 'symbol' && Symbol.keyFor(token.symbol) === `rynxs.token/${token.name}`;
}

function isDependency(value: unknown): boolean {
  if (isToken(value)) return true;
  return typeof value === 'object' && value !== null && 'token' in value && isToken(value.token);
}

function fromMarks(name: string, marked: Map<number, Dependency> | undefined): readonly Dependency[] {
  return Array.from({ length: marked?.size ?? 0 }, (_, index) => {
    const dependency = marked?.get(index);
    if (dependency === undefined) {
      throw new TypeError(`parameter ${index} of the constructor of ${name} has no @inject(TOKEN)`);
    }
    return dependency;
  });
}
