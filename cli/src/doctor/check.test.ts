import { expect } from 'chai';
import { type Check, runChecks } from './check.js';
import { ok } from './finding.js';
import type { Installation } from './installation.js';
import { NotLooked } from './not-looked.js';

const NOTHING = {} as Installation;

describe('the checks of rynxs doctor', () => {
  const run = async (parts: Check['parts'], late = new AbortController().signal) => {
    const [report] = await runChecks([{ name: 'some', parts }], NOTHING, late);
    return [report?.status, ...(report?.findings ?? []).map(({ message }) => message)];
  };

  it('have the worst status of their findings', async () => {
    expect(await run([async () => [ok('fine')], async () => []])).to.deep.equal(['ok', 'fine']);
    const unable = () => Promise.reject(new NotLooked('no store'));
    expect(await run([unable, async () => [ok('fine')]])).to.deep.equal(['ok', 'no store', 'fine']);
    expect(await run([unable, unable])).to.deep.equal(['skipped', 'no store']);
  });

  it('report what they throw', async () => {
    const broken = () => Promise.reject(new Error('a defect'));
    expect(await run([broken, async () => [ok('fine')]])).to.deep.equal(['failed', 'a defect', 'fine']);
  });

  it('end in time, whatever one part of them does', async () => {
    const late = new AbortController();
    const stuck = () => new Promise<never>(() => undefined);
    const cutOff = (_: Installation, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the connection was cut')));
      });
    const done = run([stuck, cutOff, async () => [ok('fine')]], late.signal);
    late.abort();
    expect(await done).to.deep.equal(['failed', 'it has not come to an end in the time given', 'fine']);
  });
});
