import type { Random } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import { judge, type Verdict } from './tamper/judgement.js';
import { type RealLog, writeRealLog } from './tamper/real-log.js';
import * as records from './tamper/record-damages.js';
import * as stores from './tamper/store-damages.js';
import { type Place, STORE_KINDS } from './tamper/store-kinds.js';
import type { TamperedCopy } from './tamper/tampered-copy.js';
import * as terms from './tamper/term-damages.js';

type Tamper = (log: RealLog, random: Random, other: RealLog) => TamperedCopy | undefined;

const DAMAGES: readonly (readonly [name: string, tamper: Tamper])[] = [
  ['flip a bit of a record', records.flipBit],
  ['flip a bit near the end', records.flipBitNearEnd],
  ['flip a bit of a file or object', stores.flipStoredBit],
  ['overwrite bytes of a record', records.overwrite],
  ['delete a record', records.deleteRecord],
  ['delete records in a row', records.deleteRecords],
  ['delete a commit', records.deleteCommit],
  ['delete a file or object', stores.deleteContainer],
  ['insert garbage', records.insertGarbage],
  ['insert a record with a right hash', records.insertRecord],
  ['append a record with a right hash', records.appendRecord],
  ['duplicate a record', records.duplicateRecord],
  ['duplicate a commit', records.duplicateCommit],
  ['duplicate a commit at the end', records.duplicateAtEnd],
  ['swap records', records.swapRecords],
  ['move records', records.moveRecords],
  ['swap commits', records.swapCommits],
  ['swap files or objects', stores.swapContainers],
  ["put another log's or an older file or object", stores.replaceContainer],
  ['splice two logs', stores.spliceLogs],
  ['truncate between commits', stores.truncateAtCommit],
  ['truncate within a commit', stores.truncateWithinCommit],
  ['tear the last commit', stores.tearTail],
  ['roll back to an older copy', stores.rollBack],
  ['put another log in its place', stores.swapLogs],
  ['rewrite from some place on, every hash right', stores.rewrite],
  ['damage a checkpoint', stores.damageCheckpoint],
  ['a second writer in a term, every hash right', terms.secondWriter],
  ['a fenced writer that goes on, every hash right', terms.termThatGoesOn],
  ['leave a term out, every hash right', terms.missingTerm],
];

const END_DAMAGES = /end$|^truncate|^tear|^delete a record$/;

/**
 * `TAMPER_CASES=200 npm test -- test/src/tamper-study.test.ts` takes so many of each kind, the same in every run;
 * otherwise it is one, of `TAMPER_SEED=n` or of another seed in each run.
 */
const CASES = Number(process.env.TAMPER_CASES ?? (process.env.RYNXS_TEST_THOROUGH === '1' ? 10 : 1));
const SEEDS =
  CASES === 1 || process.env.TAMPER_SEED !== undefined
    ? [Number(process.env.TAMPER_SEED ?? Math.floor(Math.random() * 2 ** 31))]
    : Array.from({ length: CASES }, (_, seed) => seed + 1);

describe('what somebody who can write to the store does to a log', function () {
  this.timeout(60_000 + CASES * 5_000);

  for (const kind of STORE_KINDS) {
    describe(`kept in ${kind.name}`, () => {
      let log: RealLog;
      let other: RealLog;
      let place: Place;

      before(async () => {
        log = await writeRealLog(kind, 1);
        other = await writeRealLog(kind, 2);
        place = kind.place();
      });

      after(() => place?.[Symbol.dispose]());

      for (const [name, tamper] of DAMAGES) {
        if (kind.isAboutItsEnd === true && !END_DAMAGES.test(name)) continue;
        it(name, async () => {
          const verdicts: Verdict[] = [];
          for (const seed of SEEDS) {
            const copy = tampered(tamper, seed);
            try {
              verdicts.push(await judge(log, copy, place));
            } catch (cause) {
              const replay = `TAMPER_SEED=${seed} npm test -- test/src/tamper-study.test.ts -g '${name}'`;
              throw new Error(`${kind.name}: ${copy.what}: ${messageOf(cause)} (${replay})`, { cause });
            }
          }
          if (CASES > 2) report(`${kind.name}: ${name}`, verdicts);
        });
      }

      /** A seed whose damage would change nothing is followed by others. */
      function tampered(tamper: Tamper, seed: number): TamperedCopy {
        const random = seededRandom(seed);
        for (;;) {
          const copy = tamper(log, random, other);
          if (copy !== undefined) return copy;
        }
      }
    });
  }
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A row of the table in docs: how often which kind was named, and what the operator said. */
function report(name: string, verdicts: readonly Verdict[]): void {
  const counted = (key: keyof Verdict): string => {
    const counts = new Map<string, number>();
    for (const verdict of verdicts) counts.set(verdict[key], (counts.get(verdict[key]) ?? 0) + 1);
    return [...counts].map(([value, count]) => `${value} ${count}`).join(', ');
  };
  process.stdout.write(`      ${name}: ${verdicts.length} | ${counted('damage')} | ${counted('opening')}\n`);
}
