import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './rynxs-process.js';

const PAGE = 'docs/SPLIT_BRAIN.md';
const RULES = 12;

interface Row {
  readonly number: number;
  /** Files that the rule lives in, and files with tests, with the names of those. */
  readonly places: readonly string[];
  readonly tests: readonly { readonly file: string; readonly names: readonly string[] }[];
}

describe(PAGE, () => {
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const rows = rulesIn(page);

  it('has every rule in its table', () => {
    expect(rows.map(({ number }) => number)).to.deep.equal(
      Array.from({ length: RULES }, (_, index) => index + 1),
    );
  });

  for (const { number, places, tests } of rows) {
    it(`says of rule ${number} where it lives, and which tests it has`, () => {
      expect(places, 'files').not.to.deep.equal([]);
      expect(tests, 'tests').not.to.deep.equal([]);
      for (const file of places) expect(existsSync(join(ROOT, file)), file).to.equal(true);
      for (const { file, names } of tests) {
        const text = readFileSync(join(ROOT, file), 'utf8');
        expect(names, file).not.to.deep.equal([]);
        for (const name of names) expect(text, file).to.match(new RegExp(`['\`]${escaped(name)}`));
      }
    });
  }

  it('names each check of the elector that belongs to a rule under that rule', () => {
    const file = 'plugins/leader-lease/src/testing/rules.ts';
    const checks = new Map(
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^ {2}'(.+)': \{\n {4}number: (\d+),/gm)].map(
        ([, name = '', number]) => [name, Number(number)],
      ),
    );
    expect(checks.size).to.be.above(20);
    for (const { number, tests } of rows) {
      const named = tests.filter((one) => one.file === file).flatMap(({ names }) => names);
      for (const name of named) expect(checks.get(name), name).to.equal(number);
    }
  });

  it('names metrics, labels, codes and settings as they are', () => {
    const known = [
      'docs/METRICS.md',
      'docs/errors.md',
      'docs/CONFIGURATION.md',
      'docs/EVENT_LOG.md',
      'docs/DEPENDENCIES.md',
    ]
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('\n');
    const named = new Set(page.match(/\b(rynxs_[a-z_]+|RYNXS_[A-Z_]+|LEADER_ELECTION_[A-Z_]+)\b/g));
    expect(named.size).to.be.above(8);
    for (const name of named) expect(known.includes(name), name).to.equal(true);
    const signs = page.slice(page.indexOf('### Signs'));
    const reasons = [...signs.matchAll(/^\| `([a-z_]+)` \| /gm)].map(([, reason]) => reason);
    const row = /^\| `rynxs_leader_election_failures_total` .*$/m.exec(known)?.[0] ?? '';
    const counted = [...row.matchAll(/`([a-z_]+)`/g)].map(([, reason]) => reason).slice(2);
    expect(reasons).to.have.members(counted);
  });
});

/** The rows of the table of rules. */
function rulesIn(page: string): readonly Row[] {
  const table = page.slice(page.indexOf('## The rules'));
  return [...table.matchAll(/^\| (\d+) \| .+? \| (.+?) \| (.+) \|$/gm)].map(
    ([, number, where = '', tests = '']) => ({
      number: Number(number),
      places: linksIn(where),
      tests: tests.split('; [').map((part) => ({
        file: linksIn(part.startsWith('[') ? part : `[${part}`)[0] ?? '',
        names: [...part.matchAll(/\*(.+?)\*/g)].map(([, name = '']) => name),
      })),
    }),
  );
}

function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\((.+?)\)/g)].map(([, to = '']) => normalize(join('docs', to)));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
