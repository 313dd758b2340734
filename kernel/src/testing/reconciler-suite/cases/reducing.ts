import { canonicalize, type Json } from '@rynxs/log';
import { expect } from 'chai';
import { reduce } from '../history.js';
import type { ReconcilerCase } from '../subject.js';
import { firstChild, observed, settled } from './beginnings.js';

export const REDUCING_CASES: readonly ReconcilerCase[] = [
  {
    name: 'changes neither states nor events',
    run(subject) {
      // History freezes all that it passes on: a change throws where it is tried.
      const history = settled(subject);
      history.drift(firstChild(history), 'changed');
      history.settle();
      history.observe(subject.objects[1] ?? history.object);
      history.settle();
      history.reachDeadline();
      history.recordHealth('Ready');
      history.delete();
    },
  },
  {
    name: 'keeps its state in JSON, and goes on from what was read back',
    run(subject) {
      const history = settled(subject);
      const original = history.events.length;
      history.drift(firstChild(history), 'removed');
      history.observe(subject.objects[1] ?? history.object);
      history.settle();
      const other = subject.create();
      let state: unknown;
      for (const [index, event] of history.events.entries()) {
        state = reduce(other, state, event);
        const bytes = canonicalize(state as Json);
        if (index >= original - 1) state = JSON.parse(bytes) as unknown;
      }
      expect(canonicalize(state as Json)).to.equal(canonicalize(history.state as Json));
      expect(other.decide(state).actions).to.deep.equal([]);
      expect(canonicalize(other.manifests(state) as unknown as Json)).to.equal(
        canonicalize(history.manifests() as unknown as Json),
      );
    },
  },
  {
    name: 'forgets an object that was deleted',
    run(subject) {
      const history = settled(subject);
      history.delete();
      expect(history.state).to.equal(undefined);
    },
  },
  {
    name: 'knows nothing of an object before it was observed',
    run(subject) {
      const history = observed(subject);
      history.decide();
      history.conclude('applied');
      const [, decided, applied] = history.events;
      for (const event of [decided, applied]) {
        if (event !== undefined) expect(reduce(subject.create(), undefined, event)).to.equal(undefined);
      }
    },
  },
];
