import { expect } from 'chai';
import { History } from '../history.js';
import type { ReconcilerSubject } from '../subject.js';

// How the cases begin.

/** The n-th object, observed and nothing else. Negative numbers count from the last one. */
export function observed(subject: ReconcilerSubject, index = 0): History {
  const [first] = subject.objects;
  const object = subject.objects.at(index);
  if (first === undefined || object === undefined || subject.objects.length < 2)
    throw new TypeError('reconcilerSuite needs at least two objects');
  const history = new History(subject.create(), first);
  history.observe(object);
  return history;
}

/** The n-th object with all that it asks for applied. */
export function settled(subject: ReconcilerSubject, index = 0): History {
  const history = observed(subject, index);
  history.settle();
  return history;
}

/** The first child that the object asks for. */
export function firstChild(history: History): string {
  const [child] = history.manifestsByChild().keys();
  expect(child, 'manifests of the first object').to.be.a('string');
  return child ?? '';
}
