import type { Kernel, KernelOptions } from './kernel.js';

/**
 * Loads the plugins, resolves their configuration and checks that everything that they require is there. Nothing of
 * theirs is constructed or started yet. Rejects with RynxsErrors that hold every failure found:
 * RYNXS_CONFIG_FILE, _INVALID, _MISSING, _UNKNOWN; RYNXS_PLUGIN_NOT_FOUND, _INVALID, _API_VERSION, _LOAD_FAILED,
 * _LOAD_TIMEOUT, _DUPLICATE; RYNXS_PROVIDER_MISSING, _DUPLICATE, _CYCLE, _UNKNOWN_TYPE.
 */
export async function createKernel(options: KernelOptions): Promise<Kernel> {
  // Commands that only read a log import the kernel too; what makes one is loaded for those that do.
  const [{ assembleKernel }, { OPERATOR_TOKENS }] = await Promise.all([
    import('./assemble-kernel.js'),
    import('./built-in.js'),
  ]);
  return await assembleKernel(options, { roots: OPERATOR_TOKENS, given: new Map() });
}
