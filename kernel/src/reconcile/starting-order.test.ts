import { expect } from 'chai';
import { requireOrder } from './starting-order.js';

describe('the order in which reconcilers begin', () => {
  it('may be any that comes to an end, also with names that are not here', () => {
    requireOrder([]);
    requireOrder([
      { name: 'session', after: ['agent', 'universe'] },
      { name: 'agent', after: ['universe', 'elsewhere'] },
      { name: 'universe' },
    ]);
  });

  it('is refused when some wait for each other, who are named', () => {
    const waiting = [
      { name: 'universe' },
      { name: 'agent', after: ['session'] },
      { name: 'session', after: ['universe', 'agent'] },
    ];
    expect(() => requireOrder(waiting)).to.throw(TypeError, 'agent, session');
    expect(() => requireOrder([{ name: 'self', after: ['self'] }])).to.throw(TypeError, 'self');
  });
});
