import { createInterface } from 'node:readline';
import { Projection } from '@rynxs/kernel';
import type { LogRecord } from '@rynxs/log';
import { tenancyReconcilers } from './random-tenancy.js';
import { Widgets } from './widgets-plugin.js';

// Run by itself: reads a history from each line of its standard input, and answers with what followed each of its events.

const reconcilers = [...tenancyReconcilers(), new Widgets()];

/** All state and every decision after each event, as bytes. Nothing is sorted: the order counts, too. */
function traceOf(records: readonly LogRecord[]): string[] {
  const projection = new Projection(reconcilers);
  return records.map((record) => {
    projection.apply(record);
    const decisions = [...projection.aggregates()]
      .filter(({ state }) => state !== undefined)
      .map(({ reconciler, state }) => reconciler.decide(state));
    return JSON.stringify([[...projection.save()], decisions]);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(traceOf(JSON.parse(line) as LogRecord[]))}\n`);
}
