import { expect } from 'chai';
import { Slots } from './slots.js';

describe('Slots', () => {
  it('gives out no more than its limit', () => {
    const slots = new Slots(2);
    expect([slots.tryTake(), slots.tryTake(), slots.tryTake()]).to.deep.equal([true, true, false]);
    slots.release();
    expect([slots.tryTake(), slots.tryTake()]).to.deep.equal([true, false]);
  });

  it('gives turns in the order in which they were asked for, past those that have given up', () => {
    const slots = new Slots(1);
    slots.tryTake();
    const turns: string[] = [];
    slots.wait(() => turns.push('first'));
    const leave = slots.wait(() => turns.push('gave up'));
    slots.wait(() => turns.push('second'));
    leave();
    slots.release();
    slots.release();
    expect(turns).to.deep.equal(['first', 'second']);
    expect(slots.waiting).to.equal(0);
  });

  it('hands a released slot to who waits, not to who comes later', () => {
    const slots = new Slots(1);
    slots.tryTake();
    slots.wait(() => undefined);
    slots.release();
    expect(slots.tryTake()).to.equal(false);
  });
});
