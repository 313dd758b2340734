import { ABORTING_CASES } from './cases/aborting.js';
import { APPENDING_CASES } from './cases/appending.js';
import { FENCING_CASES } from './cases/fencing.js';
import { KNOWN_SIZE_CASES } from './cases/known-size.js';
import { LIFECYCLE_CASES } from './cases/lifecycle.js';
import { LOST_ANSWER_CASES } from './cases/lost-answers.js';
import { OBJECT_CASES } from './cases/objects.js';
import { OPENING_CASES } from './cases/opening.js';
import { PROBING_CASES } from './cases/probing.js';
import { RACE_CASES } from './cases/races.js';
import { READING_CASES } from './cases/reading.js';
import { RECOVERY_CASES } from './cases/recovery.js';
import { SCALE_CASES } from './cases/scale.js';
import { TRAILING_CASES } from './cases/trailing.js';
import { type EventStoreCase, type EventStoreHarness, type EventStoreNeed, isPossible } from './harness.js';

const CASE_LIMIT_MS = 20_000;

export interface EventStoreSuiteOptions {
  /** How the store is called in the report: `store-file`. */
  readonly name: string;
  /** Makes an empty place, anew for each case. */
  create(): EventStoreHarness | Promise<EventStoreHarness>;
}

/** What an event store must do, group by group: the definition of correct. */
export const EVENT_STORE_CASES: Readonly<Record<string, readonly EventStoreCase[]>> = {
  opening: OPENING_CASES,
  appending: APPENDING_CASES,
  reading: READING_CASES,
  scale: SCALE_CASES,
  races: RACE_CASES,
  fencing: FENCING_CASES,
  'lost answers': LOST_ANSWER_CASES,
  recovery: RECOVERY_CASES,
  'known size': KNOWN_SIZE_CASES,
  trailing: TRAILING_CASES,
  probing: PROBING_CASES,
  objects: OBJECT_CASES,
  lifecycle: LIFECYCLE_CASES,
  aborting: ABORTING_CASES,
};

/** Runs one case in a place of its own. Returns whether the store can do at all what the case is about. */
export async function runEventStoreCase(
  suiteCase: EventStoreCase,
  create: EventStoreSuiteOptions['create'],
): Promise<boolean> {
  const harness = await create();
  try {
    if (!isPossible(suiteCase, harness)) return false;
    await suiteCase.run(harness);
    return true;
  } finally {
    await harness.dispose();
  }
}

/**
 * Declares mocha tests that a store must pass to be an EventStore. Call it at the top of a test file:
 *
 *     eventStoreSuite({ name: 'my store', create: () => ({ open: () => new MyStore(…), isExclusive: true, … }) });
 *
 * A case whose need the harness does not meet counts as pending.
 */
export function eventStoreSuite({ name, create }: EventStoreSuiteOptions): void {
  describe(`event store: ${name}`, () => {
    for (const [group, cases] of Object.entries(EVENT_STORE_CASES)) {
      describe(group, () => {
        for (const suiteCase of cases) {
          it(titleOf(suiteCase), async function () {
            this.timeout(suiteCase.limitMs ?? CASE_LIMIT_MS);
            if (!(await runEventStoreCase(suiteCase, create))) this.skip();
          });
        }
      });
    }
  });
}

/** Why a case may be pending, in the words of the report. */
const CONDITIONS: Readonly<Record<EventStoreNeed, string>> = {
  crash: 'it can be crashed',
  tear: 'a commit can be torn',
  damage: 'bytes can be damaged',
  loseAnswer: 'an answer can be lost',
  exclusive: 'one writer excludes another',
  shared: 'several writers may have it open',
  trailing: 'it shows what trails the log',
  probe: 'it can be probed',
};

function titleOf({ name, needs = [] }: EventStoreCase): string {
  if (needs.length === 0) return name;
  return `${name} (where ${needs.map((need) => CONDITIONS[need]).join(' and ')})`;
}
