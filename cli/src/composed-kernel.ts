import { createKernel, type Kernel, type KernelOptions } from '@rynxs/kernel';
import { FIRST_PARTY_PLUGINS } from './first-party-plugins.js';
import { configFile } from './settings/config-file.js';
import type { Terminal } from './terminal/terminal.js';

export interface ComposedKernelOptions extends Pick<KernelOptions, 'flags' | 'overrides'> {
  /** The configuration file that the user named. */
  readonly config?: string | undefined;
  /** Plugins besides those that come with Rynxs. */
  readonly plugins?: KernelOptions['plugins'];
}

/** A kernel of the first-party plugins, configured as a command in this terminal is. It has not been started. */
export function composeKernel(terminal: Terminal, options: ComposedKernelOptions = {}): Promise<Kernel> {
  const { config, plugins = [], ...rest } = options;
  return createKernel({
    plugins: [...FIRST_PARTY_PLUGINS, ...plugins],
    env: terminal.env,
    directory: terminal.cwd,
    ...configFile(config, terminal.cwd),
    ...rest,
  });
}
