import { RynxsErrors } from '@rynxs/kernel';
import { formatCount } from '../../terminal/quantities.js';
import { type Check, findingsOfError } from '../check.js';
import { type Finding, ok, warning } from '../finding.js';
import type { Installation } from '../installation.js';
import { blockedBy } from '../not-looked.js';

/** What keeps plugins from being found, loaded or put together, as opposed to settings that are wrong. */
const OF_PLUGINS = /^RYNXS_(?:PLUGIN|PROVIDER)_/;

/** Whether all settings can be read. */
export const configurationCheck: Check = {
  name: 'configuration',
  parts: [
    async (installation) => {
      const errors = await errorsOf(installation);
      const own = errors.filter((error) => !isOfPlugins(error));
      if (own.length > 0) return own.flatMap(findingsOfError);
      return errors.length > 0 ? [ok('all settings are valid')] : settled(installation);
    },
  ],
};

/** Whether all plugins load and fit together. */
export const pluginsCheck: Check = {
  name: 'plugins',
  parts: [
    async (installation) => {
      const errors = await errorsOf(installation);
      const own = errors.filter(isOfPlugins);
      if (own.length > 0) return own.flatMap(findingsOfError);
      if (errors.length > 0) throw blockedBy('configuration');
      const kernel = await installation.configured();
      const used = kernel.describe().filter(({ provides }) => provides.some(({ selected }) => selected));
      return [ok(`${formatCount(used.length, 'plugin')} in use: ${used.map(({ id }) => id).join(', ')}`)];
    },
  ],
};

async function settled(installation: Installation): Promise<readonly Finding[]> {
  const { configuration } = await installation.configured();
  const set = configuration.print().filter(({ origin }) => origin !== 'default' && origin !== 'unset');
  const remedy = 'Correct it, or take it away; `rynxs config docs` lists all settings.';
  return [
    ...installation.warnings.map((text) => warning(text, remedy)),
    ok(`all settings are valid; ${set.length} of them set, the others by default`),
  ];
}

async function errorsOf(installation: Installation): Promise<readonly unknown[]> {
  try {
    await installation.configured();
    return [];
  } catch (error) {
    return error instanceof RynxsErrors ? error.errors : [error];
  }
}

function isOfPlugins(error: unknown): boolean {
  return error instanceof Error && 'code' in error && OF_PLUGINS.test(String(error.code));
}
