import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition of the outside world that nothing reports; throws what it last said after 5 s. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within 5 s: ${what}`);
    await delay(5);
  }
}
