import { APPENDING_CASES } from './cases/appending.js';
import { LIFECYCLE_CASES } from './cases/lifecycle.js';
import { OBJECT_CASES } from './cases/objects.js';
import { OPENING_CASES } from './cases/opening.js';
import { READING_CASES } from './cases/reading.js';
import { RECOVERY_CASES } from './cases/recovery.js';
import { type EventStoreCase, type EventStoreHarness, isPossible } from './harness.js';

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
  recovery: RECOVERY_CASES,
  objects: OBJECT_CASES,
  lifecycle: LIFECYCLE_CASES,
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
            this.timeout(15_000);
            if (!(await runEventStoreCase(suiteCase, create))) this.skip();
          });
        }
      });
    }
  });
}

/** Why a case may be pending, in the words of the report. */
const CONDITIONS: Readonly<Record<NonNullable<EventStoreCase['needs']>, string>> = {
  crash: 'where it can be crashed',
  tear: 'where a commit can be torn',
  damage: 'where bytes can be damaged',
  exclusive: 'where one writer excludes another',
  shared: 'where several writers may have it open',
};

function titleOf({ name, needs }: EventStoreCase): string {
  return needs === undefined ? name : `${name} (${CONDITIONS[needs]})`;
}
