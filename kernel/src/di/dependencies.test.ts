import { expect } from 'chai';
import { createToken } from '../contracts/token.js';
import { dependenciesOf, inject, injectable, isToken, optional } from './dependencies.js';
import { ServiceContainer } from './service-container.js';

interface Engine {
  readonly power: number;
}
const ENGINE = createToken<Engine>('TEST_ENGINE');
const RADIO = createToken<string>('TEST_RADIO');
const WHEEL = createToken<string>('TEST_WHEEL', { cardinality: 'many' });
const CAR = createToken<object>('TEST_CAR');

@injectable()
class DecoratedCar {
  constructor(
    @inject(ENGINE) readonly engine: Engine,
    @inject(optional(RADIO)) readonly radio: string | undefined,
    @inject(WHEEL) readonly wheels: readonly string[],
  ) {}
}

class PlainCar {
  static inject = [ENGINE, optional(RADIO), WHEEL];
  readonly parts: readonly unknown[];
  constructor(engine: Engine, radio: string | undefined, wheels: readonly string[]) {
    this.parts = [engine, radio, wheels];
  }
}

describe('dependenciesOf', () => {
  it('reads decorators and the static list alike, without constructing', () => {
    expect(dependenciesOf(DecoratedCar)).to.deep.equal([ENGINE, optional(RADIO), WHEEL]);
    expect(dependenciesOf(PlainCar)).to.deep.equal([ENGINE, optional(RADIO), WHEEL]);
  });

  it('is empty for a constructor without parameters', () => {
    expect(dependenciesOf(class Nothing {})).to.deep.equal([]);
  });

  it('refuses a constructor whose parameters are not all named', () => {
    class Silent {
      constructor(readonly engine: Engine) {}
    }
    expect(() => dependenciesOf(Silent)).to.throw(
      TypeError,
      'the constructor of Silent has 1 parameters, but names 0 tokens',
    );
  });

  it('refuses a static list of anything but tokens', () => {
    const Wrong = Object.assign(class Wrong {}, { inject: ['ENGINE'] as never });
    expect(() => dependenciesOf(Wrong)).to.throw(TypeError, 'static inject of Wrong is not a list of tokens');
  });

  it('does not mix up the dependencies of a class and of its subclass', () => {
    class Bus extends DecoratedCar {
      constructor(@inject(RADIO) radio: string) {
        super({ power: 1 }, radio, []);
      }
    }
    expect(dependenciesOf(Bus)).to.deep.equal([RADIO]);
    expect(dependenciesOf(DecoratedCar)).to.have.length(3);
    class Taxi extends DecoratedCar {}
    expect(dependenciesOf(Taxi)).to.have.length(3);
  });
});

describe('injectable', () => {
  it('refuses a class with a parameter that is not marked, when the class is defined', () => {
    expect(() => {
      @injectable()
      class Half {
        constructor(
          @inject(ENGINE) readonly engine: Engine,
          readonly radio?: string,
        ) {}
      }
      return Half;
    }).to.throw(TypeError, 'parameter 1 of the constructor of Half has no @inject(TOKEN)');
  });
});

describe('isToken', () => {
  it('knows tokens of another copy of the kernel by their identity', () => {
    expect(isToken({ symbol: Symbol.for('rynxs.token/X'), name: 'X', cardinality: 'one' })).to.equal(true);
    expect(isToken({ symbol: Symbol('rynxs.token/X'), name: 'X' })).to.equal(false);
    expect(isToken('X')).to.equal(false);
  });
});

describe('ServiceContainer', () => {
  it('constructs with services of the root, of the plugin, and without what is optional', () => {
    const container = new ServiceContainer();
    container.give(ENGINE, { power: 5 });
    const car = container.scope([]).construct(DecoratedCar, [CAR]) as DecoratedCar;
    expect(car.engine.power).to.equal(5);
    expect(car.radio).to.equal(undefined);
    expect(car.wheels).to.deep.equal([]);
    expect(container.get(CAR)).to.equal(car);
  });

  it("hides the root's services behind the plugin's own, and a plugin's from the others", () => {
    const container = new ServiceContainer();
    container.give(ENGINE, { power: 5 });
    container.give(RADIO, 'shared');
    const own = container.scope([[RADIO, 'own']]).construct(PlainCar, []) as PlainCar;
    const other = container.scope([]).construct(PlainCar, []) as PlainCar;
    expect(own.parts[1]).to.equal('own');
    expect(other.parts[1]).to.equal('shared');
  });

  it('gives all services of a token of cardinality many, in order', () => {
    const container = new ServiceContainer();
    container.give(ENGINE, { power: 5 });
    container.give(WHEEL, 'left');
    container.give(WHEEL, 'right');
    const car = container.scope([]).construct(DecoratedCar, []) as DecoratedCar;
    expect(car.wheels).to.deep.equal(['left', 'right']);
    expect(container.getAll(WHEEL)).to.deep.equal(['left', 'right']);
  });
});
