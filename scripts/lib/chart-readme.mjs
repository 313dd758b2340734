import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * Values of the chart that are documented: what the comment before one says that begins with `# --`, as helm-docs has it. Its
 * default is what stands there, also a whole map.
 *
 * @typedef {{ readonly path: string, readonly description: string, readonly defaultValue: unknown }} DocumentedValue
 */

const CHART = 'helm/rynxs';

/** README.md of the chart: its template, with the tables of values filled in. */
export function chartReadme(root) {
  const read = (name) => readFileSync(join(root, CHART, name), 'utf8');
  const values = documentedValues(read('values.yaml'));
  return read('README.template.md')
    .replace(/^\{\{ keys (.*) \}\}$/m, (_, paths) => keyRows(values, paths.split(' ')))
    .replace(/^\{\{ values \}\}$/m, () => table(values));
}

/**
 * The documented values of a values.yaml that is indented by two blanks.
 *
 * @returns {readonly DocumentedValue[]}
 */
export function documentedValues(text) {
  const values = parse(text);
  const found = [];
  const path = [];
  let comment;
  for (const line of text.split('\n')) {
    const [, begun] = /^\s*# -- (.*)$/.exec(line) ?? [];
    const [, continued] = /^\s*# (.*)$/.exec(line) ?? [];
    const [, indent = '', key] = /^(\s*)([A-Za-z]\w*):/.exec(line) ?? [];
    if (begun !== undefined) comment = begun;
    else if (continued !== undefined && comment !== undefined) comment += ` ${continued}`;
    else if (key !== undefined) {
      path.splice(indent.length / 2, path.length, key);
      if (comment !== undefined) {
        const defaultValue = path.reduce((value, name) => value?.[name], values);
        found.push({ path: path.join('.'), description: comment, defaultValue });
      }
      comment = undefined;
    } else comment = undefined;
  }
  return found;
}

function keyRows(values, paths) {
  return paths
    .map((path) => {
      const value = values.find((candidate) => candidate.path === path);
      if (value === undefined)
        throw new Error(`README.template.md names ${path}, which values.yaml does not document`);
      return row(value);
    })
    .join('\n');
}

function table(values) {
  return ['| Parameter | Description | Default |', '|---|---|---|', ...values.map(row)].join('\n');
}

function row({ path, description, defaultValue }) {
  return `| \`${path}\` | ${description.replaceAll('|', '\\|')} | ${defaultText(defaultValue)} |`;
}

function defaultText(value) {
  if (value === undefined || value === null || value === '') return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
