import { configReference, type ResolvedSetting } from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import { loadFirstPartyPlugins } from '../first-party-plugins.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';

/** `rynxs config docs`: docs/CONFIGURATION.md, or the settings' schemas that it is made of. */
export async function configDocsCommand(
  options: { readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const plugins = await loadFirstPartyPlugins();
  const schemas = plugins.map(({ id, config = {} }) => ({ id, settings: config }));
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify(schemas)}\n` : configReference(plugins),
  );
}

/** `rynxs config print`. Sensitive values are hidden. Nothing is started. */
export async function configPrintCommand(
  options: { readonly config?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const kernel = await composeKernel(terminal, { config: options.config });
  const settings = kernel.configuration.print();
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify(settings)}\n` : formatSettings(settings),
  );
}

export function formatSettings(settings: readonly ResolvedSetting[]): string {
  return formatTable(
    ['SETTING', 'VALUE', 'FROM', 'VARIABLE'],
    settings.map(({ path, value, origin, where, env }) => [path, value ?? '-', where || origin, env]),
  );
}
