import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Library } from './election.js';
import type { RuleName } from './rules.js';

/** A line of the elector that a rule needs, and what it is without the rule. */
export interface Mutation {
  /** Of the compiled elector. */
  readonly file: string;
  /** Must stand in it exactly once. */
  readonly from: string;
  readonly to: string;
  /** The rule whose check must then fail. */
  readonly breaks: RuleName;
}

/** Every rule of the elector, broken. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'the deadline counts from the answer': {
    file: 'owned-lease.js',
    from: 'this.#confirm(sentAt);\n            view.see(answer);',
    to: 'this.#confirm({ monotonicMs: clock.monotonic(), wallMs: clock.now() });\n            view.see(answer);',
    breaks: 'a tenure ends renewDeadline after its last renewal was sent',
  },
  'a candidate trusts the times in the record': {
    file: 'candidate.js',
    from: 'this.#claimMs(record) - this.#parts.view.unchangedMs',
    to: 'Date.parse(record.renewTime) + this.#claimMs(record) - this.#parts.clock.now()',
    breaks: 'a candidate times the holder by what it has seen, not by the times in the record',
  },
  'a candidate waits for its own leaseDuration only': {
    file: 'candidate.js',
    from: 'Math.max(this.#parts.timings.leaseDurationMs, Math.min(claimMs, MAX_CLAIM_MS))',
    to: 'this.#parts.timings.leaseDurationMs',
    breaks: 'a candidate waits for as long as the holder claims, and no less than its own leaseDuration',
  },
  'a renewal is believed that was not answered': {
    file: 'owned-lease.js',
    from: 'catch (error) {\n            return error;',
    to: 'catch (error) {\n            this.#confirm(sentAt);\n            return error;',
    breaks: 'an answer that says nothing is no renewal',
  },
  'nothing but a renewal ends a tenure': {
    file: 'lease-tenure.js',
    from: 'this.#watchDeadline();\n        this.#renewing',
    to: 'this.#renewing',
    breaks: 'the signal aborts at the deadline, whatever hangs',
  },
  'a renewal may take its whole time-out': {
    file: 'owned-lease.js',
    from: 'requests.write(lease, Math.min(timings.requestTimeoutMs, leftMs()), signal)',
    to: 'requests.write(lease, timings.requestTimeoutMs, signal)',
    breaks: 'the time-out of a renewal does not exceed what is left',
  },
  'the margin is left out of the sum': {
    file: 'timings.js',
    from: 'renewDeadline + retryPeriod + requestTimeout + margin',
    to: 'renewDeadline + retryPeriod + requestTimeout',
    breaks: 'timings that let two lead at a time are refused',
  },
  'a write need not fit before the deadline': {
    file: 'lease-tenure.js',
    from: 'if (remainingMs <= leftMs)',
    to: 'if (leftMs > 0)',
    breaks: 'the whole time-out of a write must fit before the deadline',
  },
  'only a timer ends a tenure': {
    file: 'lease-tenure.js',
    from: 'this.#endWhenOver();\n        this.signal.throwIfAborted();\n        const leftMs = this.#leftMs();',
    to: 'this.signal.throwIfAborted();\n        const leftMs = Number.POSITIVE_INFINITY;',
    breaks: 'a process that stalled past its deadline may not write, although no timer has fired',
  },
  'nobody compares the clocks': {
    file: 'lease-tenure.js',
    from: 'Math.abs(divergenceMs) > timings.marginMs',
    to: 'false',
    breaks: 'a process whose clocks have diverged may not write',
  },
  'the clocks may go back': {
    file: 'lease-tenure.js',
    from: 'Math.abs(divergenceMs) > timings.marginMs',
    to: 'divergenceMs > timings.marginMs',
    breaks: 'a process whose clocks have diverged may not write',
  },
  'the identity is the name of the pod': {
    file: 'elector.js',
    from: 'random.uuid()',
    to: "'0'",
    breaks: 'two processes never have the same identity',
  },
  'a Lease is taken whatever its version': {
    file: 'lease-requests.js',
    from: 'cluster.update(LEASES, lease, options)',
    to: 'cluster.list(LEASES, options).then(([{ metadata }]) => cluster.update(LEASES, { ...lease, metadata: { ...lease.metadata, resourceVersion: metadata.resourceVersion } }, options))',
    breaks: 'a takeover that arrives late changes nothing',
  },
  'a release writes nothing': {
    file: 'lease-tenure.js',
    from: 'await this.#lease.release(overdue.signal)',
    to: 'undefined',
    breaks: 'a release empties the Lease, after the signal has aborted',
  },
  'a release is written while the tenure lasts': {
    file: 'lease-tenure.js',
    from: 'const wasLost = this.signal.aborted;',
    to: 'const wasLost = this.signal.aborted; await this.#lease.release(new AbortController().signal);',
    breaks: 'a release empties the Lease, after the signal has aborted',
  },
  'there is no cooldown': {
    file: 'elector.js',
    from: 'await cooledDown(signal);',
    to: '',
    breaks: 'who has lost or released the Lease lets others go first',
  },
  'the Lease is not watched': {
    file: 'candidate.js',
    from: 'view.onNews(() => this.#alarm.ring())',
    to: '{ [Symbol.dispose]: () => undefined }',
    breaks: 'a release is seen at once',
  },
  'the Lease is never asked for': {
    file: 'candidate.js',
    from: "await this.#look('api_error', signal);",
    to: 'await this.#rest(signal);',
    breaks: 'without a watch the Lease is asked for, once in a retry period',
  },
  'any failure ends a tenure': {
    file: 'lease-tenure.js',
    from: "if (outcome === 'lost')",
    to: "if (outcome !== 'renewed')",
    breaks: 'one failed call never ends a tenure before its deadline',
  },
  'a conflict ends a tenure': {
    file: 'owned-lease.js',
    from: "if (found !== 'own')",
    to: "if (isConflict)\n                return 'lost';\n            if (found !== 'own')",
    breaks: 'one failed call never ends a tenure before its deadline',
  },
  'a conflict is not tried again': {
    file: 'owned-lease.js',
    from: "if (!isConflict)\n                return 'failed';\n            conflict = error;",
    to: "return 'failed';",
    breaks: 'conflicts without end are given up, and said',
  },
  'a conflict is tried again blindly': {
    file: 'owned-lease.js',
    from: 'const found = await this.#verify(leftMs, signal);',
    to: "const found = 'own';",
    breaks: 'a conflict is tried again from a fresh read',
  },
  'conflicts are tried again without end': {
    file: 'owned-lease.js',
    from: 'conflicts <= MAX_CONFLICTS',
    to: 'true',
    breaks: 'conflicts without end are given up, and said',
  },
  'a renewal that has arrived after all does not count': {
    file: 'owned-lease.js',
    from: 'this.#attempts.set(stamp, sentAt);',
    to: '',
    breaks: 'a renewal whose answer was lost counts from its sending, once a fresh read shows it',
  },
  'a takeover that has arrived after all does not count': {
    file: 'candidate.js',
    from: 'record.holder === holder ?',
    to: 'false ?',
    breaks: 'a takeover whose answer was lost is one, and counts from its sending',
  },
  'a takeover counts from when it was seen': {
    file: 'candidate.js',
    from: '{ ...attempt, lease }',
    to: '{ ...attempt, lease, sentAt: { monotonicMs: clock.monotonic(), wallMs: clock.now() } }',
    breaks: 'a takeover whose answer was lost is one, and counts from its sending',
  },
  'nobody holds off': {
    file: 'candidate.js',
    from: 'isWaitedOut ? 0 : timings.leaseDurationMs',
    to: '0',
    breaks: 'who has not seen the holder do nothing for a leaseDuration holds off for as long',
  },
  'an empty Lease counts as waited out': {
    file: 'candidate.js',
    from: 'lease !== null && view.unchangedMs >= this.#claimMs(readLease(lease))',
    to: "lease !== null && (readLease(lease).holder === '' || view.unchangedMs >= this.#claimMs(readLease(lease)))",
    breaks: 'who has not seen the holder do nothing for a leaseDuration holds off for as long',
  },
  'everybody holds off': {
    file: 'candidate.js',
    from: 'isWaitedOut ? 0 : timings.leaseDurationMs',
    to: 'timings.leaseDurationMs',
    breaks: 'who has seen the holder do nothing for a leaseDuration acts at once',
  },
  'a Lease of another holder is renewed': {
    file: 'owned-lease.js',
    from: "lease === null || !this.isOwn(lease))\n            return 'lost'",
    to: "lease === null)\n            return 'lost'",
    breaks: 'a Lease that was deleted, emptied or given away by hand ends the tenure',
  },
  'requests are not counted': {
    file: 'lease-requests.js',
    from: 'this.#sentAt.length < MAX_CALLS',
    to: 'true',
    breaks: 'no more than two requests are made in a retry period, whatever goes wrong',
  },
  'a wish to hand over is not heard': {
    file: 'lease-tenure.js',
    from: 'this.#handover.abort(',
    to: 'void (',
    breaks: 'who is asked to hand over says so, and does not come back before another has had its turn',
  },
  'who has handed over campaigns at once': {
    file: 'elector.js',
    from: 'if (tenure.handover.aborted)',
    to: 'if (false)',
    breaks: 'who is asked to hand over says so, and does not come back before another has had its turn',
  },
  'a Lease that was left to one is for all': {
    file: 'candidate.js',
    from: "record.holder === '' && isOpenTo(record, this.#parts.holder)",
    to: "record.holder === ''",
    breaks: 'who is not asked for lets the one that is go first',
  },
};

/** The compiled elector beside this file, with one line changed, as `use` sees it. */
export async function withMutation(
  { file, from, to }: Mutation,
  use: (library: Library) => Promise<void>,
): Promise<void> {
  const compiled = join(import.meta.dirname, '..');
  // Below the repository's node_modules, so that imports of other packages are found.
  const cache = join(compiled, '../../../node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'leader-lease-mutant-'));
  try {
    const modules = (await readdir(compiled)).filter((name) => /^[a-z-]+\.js$/.test(name));
    for (const name of modules) await copyFile(join(compiled, name), join(directory, name));
    const text = await readFile(join(directory, file), 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
    // As a function: a replacement text has a meaning of its own for some characters.
    await writeFile(
      join(directory, file),
      text.replace(from, () => to),
    );
    const library = (await import(pathToFileURL(join(directory, 'index.js')).href)) as Library;
    await use(library);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
