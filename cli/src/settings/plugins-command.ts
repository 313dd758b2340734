import type { PluginDescription } from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';

/** `rynxs plugins`. Nothing is started. */
export async function pluginsCommand(
  options: { readonly config?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const kernel = await composeKernel(terminal, { config: options.config });
  const plugins = kernel.describe();
  terminal.stdout.write(options.output === 'json' ? `${JSON.stringify(plugins)}\n` : formatPlugins(plugins));
}

/** A row for each thing that a plugin provides. */
export function formatPlugins(plugins: readonly PluginDescription[]): string {
  return formatTable(
    ['PLUGIN', 'ORIGIN', 'PROVIDES', 'TYPE', 'USED', 'CONFIGURED BY'],
    plugins.flatMap(({ id, origin, provides, configuredBy }) => {
      const version = origin.version === undefined ? '' : `@${origin.version}`;
      const from =
        origin.kind === 'built in' && origin.version === undefined ? origin.kind : `${origin.name}${version}`;
      return provides.map(({ token, type, selected }, index) => [
        index === 0 ? id : '',
        index === 0 ? from : '',
        token,
        type,
        selected ? 'yes' : 'no',
        index === 0 ? configuredBy.join(', ') || 'defaults' : '',
      ]);
    }),
  );
}
