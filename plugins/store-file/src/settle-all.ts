/** Does all of it, whatever fails; then throws the failures, together with the one that led here. */
export async function settleAll(
  work: readonly (Promise<unknown> | undefined)[],
  ...causes: unknown[]
): Promise<void> {
  const failures = (await Promise.allSettled(work)).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length === 0) return;
  const [first] = [...causes, ...failures];
  throw causes.length + failures.length === 1
    ? first
    : new AggregateError([...causes, ...failures], String(first));
}
