import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { alertsOf, readRules } from '../alerts/rules.js';
import { ROOT } from '../rynxs-process.js';
import { type Drill, perform, type Timing } from './alerts/drill.js';
import { LEADERSHIP_DRILLS } from './alerts/leadership-drills.js';
import { LOG_DRILLS } from './alerts/log-drills.js';
import { Stage, speedOf } from './alerts/stage.js';

const MINUTE_MS = 60_000;
/** Drills that are done at the same time. */
const AT_ONCE = 3;
const DRILLS: readonly Drill[] = [...LOG_DRILLS, ...LEADERSHIP_DRILLS];

describe('alerts, in a faster time', function () {
  this.timeout(6 * MINUTE_MS);
  let stage: Stage;
  const performances = new Map<string, Promise<Timing>>();

  before(async function () {
    // A disk of its own takes a mount.
    if (process.getuid?.() !== 0) this.skip();
    stage = await Stage.start();
    // They wait most of the time; but beginning takes processors.
    const ends: Promise<unknown>[] = [];
    for (const [index, drill] of DRILLS.entries()) {
      const turn = index < AT_ONCE ? Promise.resolve() : ends[index - AT_ONCE];
      const performed = Promise.resolve(turn).then(() => perform(drill, stage));
      ends.push(performed.catch(() => undefined));
      performances.set(drill.alert, performed);
    }
  });
  after(async () => {
    // What is being done may need what would be taken down.
    await Promise.allSettled(performances.values());
    await stage?.[Symbol.asyncDispose]();
  });

  it('are all fired', () => {
    const named = alertsOf(readRules()).map(({ alert }) => alert);
    expect(DRILLS.map(({ alert }) => alert)).to.have.members(named);
  });

  for (const { alert, fault } of DRILLS) {
    it(`${alert} fires after ${fault}, and ends after that`, async () => {
      const timing = await performances.get(alert);
      const seconds = (ms = Number.NaN) => (ms / 1_000).toFixed(1);
      const times = `fired after ${seconds(timing?.firedMs)} s, ended after ${seconds(timing?.endedMs)} s`;
      console.log(`      ${speedOf(alert)} times as fast: ${times}`);
    });

    it(`${alert}: the runbook says what was done`, () => {
      const text = readFileSync(join(ROOT, 'docs/PROMETHEUS_ALERTS.md'), 'utf8');
      expect(text).to.include(`| \`${alert}\` | ${fault} |`);
    });
  }
});
