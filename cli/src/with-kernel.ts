import type { Kernel } from '@rynxs/kernel';

/**
 * Does `work` with a kernel and stops it afterwards, whatever came of it. Why the work failed counts more than that
 * stopping failed too, which is only logged then.
 */
export async function withKernel<T>(kernel: Kernel, work: (kernel: Kernel) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work(kernel);
  } catch (error) {
    await kernel
      .stop()
      .catch((stopError: unknown) => kernel.logger.error('stopping failed', { error: stopError }));
    throw error;
  }
  await kernel.stop();
  return result;
}
