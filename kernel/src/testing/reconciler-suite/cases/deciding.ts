import { expect } from 'chai';
import { manifestDigest } from '../../../reconcile/children.js';
import { actionChild } from '../../../reconcile/decision.js';
import { digestsOf, type History } from '../history.js';
import type { ReconcilerCase } from '../subject.js';
import { firstChild, observed, settled } from './beginnings.js';

export const DECIDING_CASES: readonly ReconcilerCase[] = [
  {
    name: 'creates the children of a new object',
    run(subject) {
      const history = observed(subject);
      const { actions } = history.decide();
      expect(actions.map(({ verb }) => verb)).to.deep.equal(history.manifests().map(() => 'create'));
      expect(actions.map(actionChild)).to.deep.equal([...history.manifestsByChild().keys()]);
    },
  },
  {
    name: 'decides nothing more once its actions were applied',
    run(subject) {
      for (const index of subject.objects.keys()) {
        const history = observed(subject, index);
        history.decide();
        history.concludeAll('applied');
        expect(history.decide(), 'the decision after all was applied').to.deep.equal({ actions: [] });
      }
    },
  },
  {
    name: 'leaves a child alone while an action for it is under way',
    run(subject) {
      const history = observed(subject);
      history.decide();
      expect(history.decide().actions).to.deep.equal([]);
    },
  },
  {
    name: 'brings the children to what a changed object asks for',
    run(subject) {
      const history = settled(subject);
      for (const index of [...subject.objects.keys()].reverse()) {
        history.observe(subject.objects[index] ?? history.object);
        history.settle();
        expectConverged(history);
      }
    },
  },
  {
    name: 'makes a child anew that somebody has removed',
    run(subject) {
      const history = settled(subject);
      const child = firstChild(history);
      history.drift(child, 'removed');
      expect(history.decide().actions.map((action) => `${action.verb} ${actionChild(action)}`)).to.deep.equal(
        [`create ${child}`],
      );
      history.concludeAll('applied');
      expectConverged(history);
    },
  },
  {
    name: 'repairs a child that somebody has changed, and names the one that it means',
    run(subject) {
      const history = settled(subject);
      const child = firstChild(history);
      history.drift(child, 'changed');
      const { actions } = history.decide();
      expect(actions.map((action) => `${action.verb} ${actionChild(action)}`)).to.deep.equal([
        `update ${child}`,
      ]);
      expect(actions[0]?.uid).to.equal(history.children.get(child)?.uid);
      history.concludeAll('applied');
      expectConverged(history);
    },
  },
  {
    name: 'decides again what was never done before the process died',
    run(subject) {
      const history = observed(subject);
      const { actions } = history.decide();
      history.restart('not done');
      expect(history.decide().actions.map(actionChild)).to.deep.equal(actions.map(actionChild));
    },
  },
  {
    name: 'does not decide again what was done before the process died',
    run(subject) {
      const history = observed(subject);
      history.decide();
      history.restart('done');
      expect(history.decide().actions).to.deep.equal([]);
    },
  },
  {
    name: 'repairs what is found to be otherwise after the process died',
    run(subject) {
      const history = observed(subject);
      const { actions } = history.decide();
      history.restart('done otherwise');
      expect(history.decide().actions.map((action) => `${action.verb} ${actionChild(action)}`)).to.deep.equal(
        actions.map((action) => `update ${actionChild(action)}`),
      );
      history.concludeAll('applied');
      expectConverged(history);
    },
  },
  {
    name: 'tries again what failed for now',
    run(subject) {
      const history = observed(subject);
      const { actions } = history.decide();
      history.concludeAll('failed');
      expect(history.decide().actions.map(actionChild)).to.deep.equal(actions.map(actionChild));
    },
  },
  {
    name: 'waits for a change after what failed for good',
    run(subject) {
      const history = observed(subject);
      const before = digestsOf(history.manifestsByChild());
      history.decide();
      history.concludeAll('failed for good');
      expect(history.decide().actions, 'the same again').to.deep.equal([]);
      history.observe(subject.objects[1] ?? history.object);
      const changed = [...history.manifestsByChild()]
        .filter(([child, manifest]) => before.get(child) !== manifestDigest(manifest))
        .map(([child]) => child);
      expect(changed, 'children that the second object wants otherwise than the first').not.to.have.lengthOf(
        0,
      );
      expect(history.decide().actions.map(actionChild)).to.deep.equal(changed);
    },
  },
  {
    name: 'refuses once what it does not accept, and keeps the children as they are',
    appliesTo: ({ refused = [] }) => refused.length > 0,
    run(subject) {
      for (const object of subject.refused ?? []) {
        const fresh = observed(subject);
        fresh.delete();
        fresh.observe(object);
        expectRefused(fresh);
        const existing = settled(subject);
        const before = digestsOf(existing.manifestsByChild());
        existing.observe(object);
        expectRefused(existing);
        expect(digestsOf(existing.manifestsByChild())).to.deep.equal(before);
        existing.observe(subject.objects[1] ?? existing.object);
        existing.settle();
        expectConverged(existing);
      }
    },
  },
];

function expectRefused(history: History): void {
  const { actions, refusal } = history.decide();
  expect(actions).to.deep.equal([]);
  expect(refusal?.reason).to.match(/^[A-Z][A-Za-z]*$/);
  expect(refusal?.message).to.be.a('string').that.is.not.equal('');
  expect(history.decide(), 'the decision once the refusal is on the record').to.deep.equal({ actions: [] });
}

/** Exactly the children that are wanted exist, as they are wanted. */
export function expectConverged(history: History): void {
  const existing = [...history.children].map(([child, { digest }]) => `${child} ${digest}`).sort();
  const wanted = [...digestsOf(history.manifestsByChild())]
    .map(([child, digest]) => `${child} ${digest}`)
    .sort();
  expect(existing).to.deep.equal(wanted);
}
