import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommandLine } from 'rynxs';
import { ROOT } from '../rynxs-process.js';
import { documents, textOf } from './documents.js';

/** What a changelog says of older versions need not exist any more. */
const PAGES = documents().filter((document) => document !== 'CHANGELOG.md');

/** Names that a user can do something with have to be those that exist: commands, options, scripts, metrics, codes. */
describe('what documents name', () => {
  it('are npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/\bnpm run (?:--silent |--prefix \S+ )?([a-z][\w:-]*)/g)].map(
        ([, name = '']) => ({
          page,
          name,
        }),
      ),
    ).filter(({ page }) => !page.startsWith('examples/'));
    expect(named.length).to.be.above(10);
    expect(
      named.filter(({ page, name }) => scripts[name] === undefined && !isOfTheExample(page, name)),
    ).to.deep.equal([]);
  });

  it('are commands of rynxs, with options that they have', async () => {
    const named = PAGES.flatMap((page) => rynxsCommands(textOf(page)).map((words) => ({ page, words })));
    expect(named.length).to.be.above(50);
    const wrong: string[] = [];
    for (const { page, words } of named) {
      const problem = await problemOf(words);
      if (problem !== undefined) wrong.push(`${page}: rynxs ${words.join(' ')}: ${problem}`);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('are no commands or options that rynxs lacks', async () => {
    expect(await problemOf(['log', 'verfy'])).to.equal('there is no command verfy');
    expect(await problemOf(['log', 'verify', '--keys', 'x'])).to.equal('it has no option --keys');
    expect(await problemOf(['log', 'verify', '--key', 'x'])).to.equal(undefined);
    expect(
      rynxsCommands('`npx rynxs log tail|stats` and\n```sh\nA=1 rynxs agents | head\n```\n'),
    ).to.deep.equal([['agents'], ['log', 'tail'], ['log', 'stats']]);
  });

  it('are metrics that an operator serves', () => {
    const known = new Set(textOf('docs/METRICS.md').match(/\brynxs_[a-z0-9_]+/g));
    expect(known.size).to.be.above(15);
    expect(
      namesIn(/\brynxs_[a-z0-9_]+/g, (name) => !known.has(name.replace(/_(bucket|sum|count)$/, ''))),
    ).to.deep.equal([]);
  });

  it('are error codes and variables that exist', () => {
    const known = new Set(
      ['docs/errors.md', 'docs/CONFIGURATION.md'].flatMap(
        (page) => textOf(page).match(/\bRYNXS_[A-Z0-9_]+/g) ?? [],
      ),
    );
    expect(known.size).to.be.above(40);
    // Variables of the tests are for who works on Rynxs.
    expect(
      namesIn(/\bRYNXS_[A-Z0-9_]+/g, (name) => !known.has(name) && !name.startsWith('RYNXS_TEST_')),
    ).to.deep.equal([]);
  });

  function namesIn(pattern: RegExp, isWrong: (name: string) => boolean): readonly string[] {
    return PAGES.flatMap((page) =>
      [...new Set(textOf(page).match(pattern))].filter(isWrong).map((name) => `${page}: ${name}`),
    );
  }
});

/** The guide for plugins shows the scripts of its example. */
function isOfTheExample(page: string, name: string): boolean {
  return page === 'docs/PLUGINS.md' && name === 'check';
}

/** `rynxs` where a shell looks for a command, and its words. */
const COMMAND = /(?:^|\$ |-- |npx |\$\(|[|;&] )(?:[A-Z_][A-Z0-9_]*=\S+ )*rynxs((?: [^\s;&>)#"]+| "[^"]*")+)/g;

/** Words that follow `rynxs` in code, one list for each of several commands that are named together. */
function rynxsCommands(text: string): readonly (readonly string[])[] {
  const code = [
    ...[...text.matchAll(/^ *(?:```|~~~)(?:sh|bash|console)[^\n]*\n([\s\S]*?)^ *(?:```|~~~)$/gm)].flatMap(
      ([, block = '']) => block.replace(/\\\n/g, ' ').split('\n'),
    ),
    ...[...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, span = '']) => span),
  ];
  return code.flatMap((line) =>
    [...line.matchAll(COMMAND)].flatMap(([, rest = '']) =>
      alternatives(
        rest
          .replace(/ \| .*$/, '')
          .trim()
          .split(/ +/),
      ),
    ),
  );
}

/** `log tail|stats` is two commands. */
function alternatives(words: readonly string[]): readonly (readonly string[])[] {
  const at = words.findIndex((word) => /^[a-z-]+(\|[a-z-]+)+$/.test(word));
  if (at === -1) return [words];
  return (words[at] ?? '').split('|').map((word) => words.with(at, word));
}

async function problemOf(words: readonly string[]): Promise<string | undefined> {
  const path: string[] = [];
  for (const word of words) {
    const children = subcommands(await helpOf(path));
    if (children.size === 0) break;
    if (word.startsWith('-')) break;
    if (!children.has(word)) return /^[a-z]/.test(word) ? `there is no command ${word}` : undefined;
    path.push(word);
  }
  const help = await helpOf(path);
  const unknown = words
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.replace(/=.*$/, ''))
    .find(
      (option) =>
        !new RegExp(`(^|[\\s,])${option}\\b`).test(help) && !help.includes(`--no-${option.slice(2)}`),
    );
  return unknown === undefined ? undefined : `it has no option ${unknown}`;
}

const HELP = new Map<string, Promise<string>>();

function helpOf(path: readonly string[]): Promise<string> {
  const key = path.join(' ');
  const known = HELP.get(key) ?? printedHelp(path);
  HELP.set(key, known);
  return known;
}

async function printedHelp(path: readonly string[]): Promise<string> {
  let text = '';
  const output = {
    write: (more: string) => {
      text += more;
    },
    columns: 200,
  };
  const { signal } = new AbortController();
  await runCommandLine([...path, '--help'], {
    stdout: output,
    stderr: output,
    env: {},
    cwd: ROOT,
    interrupted: signal,
  });
  return text;
}

function subcommands(help: string): ReadonlySet<string> {
  const list = /^Commands:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '';
  return new Set(
    [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name).concat(hiddenIn(help)),
  );
}

/** The command that writes the reference of errors is not listed. */
function hiddenIn(help: string): readonly string[] {
  return help.startsWith('Usage: rynxs [') ? ['errors'] : [];
}
