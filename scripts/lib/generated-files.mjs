import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { chartReadme } from './chart-readme.mjs';
import { dashboardFiles } from './dashboards/files.mjs';
import { eventLogExample } from './event-log-example.mjs';
import { nodeBinary } from './install-and-build.mjs';
import { licencesDocument } from './licences.mjs';

/**
 * What programs write but the repository keeps, so that it can be read and reviewed there.
 *
 * @param {string} root
 * @returns {Promise<Map<string, string>>} content by path relative to the root
 */
export async function generatedFiles(root) {
  const { definitions } = await import(pathToFileURL(join(root, 'plugins/agent-sandbox/dist/index.js')).href);
  return new Map([
    ['docs/CONFIGURATION.md', command(root, ['config', 'docs'])],
    ['docs/EVENT_LOG_EXAMPLE.md', await eventLogExample(root)],
    ['docs/errors.md', command(root, ['errors', 'docs'])],
    ['helm/rynxs/README.md', chartReadme(root)],
    ['docs/LICENSES.md', licencesDocument(root)],
    ...dashboardFiles(),
    ...definitions.map((definition) => [
      `helm/rynxs/crds/${definition.metadata.name}.yaml`,
      // Parts that several fields share are written out, so that each field can be read where it stands.
      stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  ]);
}

/** One line for each file whose content is not that of `files`. */
export function staleFiles(root, files) {
  return [...files]
    .filter(
      ([path, content]) =>
        !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== content,
    )
    .map(([path]) => `${path} is out of date: run \`npm run generate\``);
}

function command(root, args) {
  const { status, stdout, stderr } = spawnSync(nodeBinary, [join(root, 'cli/bin/rynxs.js'), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`rynxs ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}
