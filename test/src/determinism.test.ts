import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AgentReconciler } from '@rynxs/agent-sandbox';
import { EVENT_STORE, startOperator } from '@rynxs/kernel';
import { given, startTestKernel, WIDGET, WidgetReconciler, widget } from '@rynxs/kernel/testing';
import type { LogRecord } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';
import { expect } from 'chai';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { recordsOf, steps } from './determinism/random-history.js';
import { TenancyHistory, tenancySteps } from './determinism/random-tenancy.js';
import { ELSEWHERE, HERE, Replayer } from './determinism/replayer.js';
import widgetsPlugin, { IMPURITIES, IMPURITY } from './determinism/widgets-plugin.js';
import { ANY_PORTS, BASIC_AGENT, ROOT, runRynxs, TestDirectory } from './rynxs-process.js';

const PAGE = join(ROOT, 'docs/DETERMINISM_PROOF.md');
const PLUGIN = fileURLToPath(new URL('./determinism/widgets-plugin.js', import.meta.url));
const WIDGETS = [
  widget('box', { colors: ['red', 'green'], deadline: '2026-01-02T00:00:00Z' }),
  widget('box', { colors: ['red', 'blue'], note: 'hello' }),
] as const;
const { signal } = new AbortController();

describe('determinism', function () {
  this.timeout(60_000);

  describe('of two processes that replay the same history', () => {
    it('is that of every byte of state and decisions, whatever happened to an Agent', async () => {
      const agents = ['agent-basic', 'agent-limits', 'agent-egress', 'agent-service'].flatMap((name) =>
        parseAllDocuments(readFileSync(join(ROOT, `examples/${name}.yaml`), 'utf8'))
          .map((document) => document.toJS())
          .filter(({ kind }) => kind === 'Agent'),
      );
      expect(agents).to.have.length.of.at.least(4);
      await using one = new Replayer(HERE);
      await using other = new Replayer(ELSEWHERE, ['--hash-seed=7', '--random-seed=7']);
      const reconciler = new AgentReconciler({ defaultWorkspaceSize: 1_073_741_824 });
      await fc.assert(
        fc.asyncProperty(steps, fc.shuffledSubarray(agents, { minLength: 2 }), async (happened, objects) => {
          const records = recordsOf(reconciler, objects as [(typeof agents)[0]], happened);
          const [trace, same] = await Promise.all([one.replay(records), other.replay(records)]);
          expect(trace).to.have.length(records.length);
          expect(same).to.deep.equal(trace);
        }),
        { numRuns: 60 },
      );
    });

    it('is so whatever happened to Universes, their Agents and Sessions', async () => {
      await using one = new Replayer(HERE);
      await using other = new Replayer(ELSEWHERE, ['--hash-seed=7', '--random-seed=7']);
      await fc.assert(
        fc.asyncProperty(tenancySteps, async (happened) => {
          const history = new TenancyHistory();
          for (const step of happened) history.play(step);
          const { records } = history;
          const [trace, same] = await Promise.all([one.replay(records), other.replay(records)]);
          expect(trace).to.have.length(records.length);
          expect(same).to.deep.equal(trace);
        }),
        { numRuns: 40 },
      );
    });

    const histories = (): readonly (readonly LogRecord[])[] =>
      [['drift', 1] as const, ['delete'] as const].map((step) =>
        recordsOf(
          new WidgetReconciler(),
          [...WIDGETS],
          [['pass', ['applied']], ['observe', 1], ['pass', []], step],
        ),
      );

    it('holds for a reconciler that is pure', async () => {
      await using one = new Replayer(HERE);
      await using other = new Replayer(ELSEWHERE);
      for (const records of histories()) {
        expect(await other.replay(records)).to.deep.equal(await one.replay(records));
      }
    });

    for (const impurity of IMPURITIES) {
      it(`is broken by a reconciler that goes by ${impurity}`, async () => {
        await using one = new Replayer({ ...HERE, [IMPURITY]: impurity });
        await using other = new Replayer({ ...ELSEWHERE, [IMPURITY]: impurity });
        const [before = [], records = []] = histories();
        // A process that has been running for a while, and one that was just started.
        await one.replay(before);
        expect(await other.replay(records)).not.to.deep.equal(await one.replay(records));
      });
    }
  });

  describe('of what was decided', () => {
    const replay = (directory: string, impurity?: string) =>
      runRynxs(['replay', '--store', `file://${directory}`, '--output', 'json'], directory, {
        ...ELSEWHERE,
        RYNXS_PLUGINS: PLUGIN,
        ...(impurity === undefined ? {} : { [IMPURITY]: impurity }),
      });

    it('is shown by `rynxs replay`', async () => {
      using directory = new TestDirectory();
      await writeLog(directory.path);
      const { code, stdout, stderr } = await replay(directory.path);
      expect(code, stderr).to.equal(0);
      const { same, decisions } = JSON.parse(stdout);
      expect({ same, decisions }).to.deep.equal({
        same: true,
        decisions: { recorded: 2, not_recomputed: 0, differences: [] },
      });
    });

    for (const impurity of IMPURITIES) {
      it(`is refuted by \`rynxs replay\` for a reconciler that goes by ${impurity}`, async () => {
        using directory = new TestDirectory();
        await writeLog(directory.path, impurity);
        const { code, stdout, stderr } = await replay(directory.path, impurity);
        expect(code, stderr).to.equal(1);
        const { same, decisions } = JSON.parse(stdout);
        expect(same).to.equal(false);
        // One that goes by memory wants something else after each action.
        expect(decisions.differences.length, stdout).to.be.at.least(2);
        expect(decisions.differences[0].aggregateId).to.match(/^widgets\/default\/[ab]$/);
      });
    }
  });

  it('is a matter of the modules that the lint rule of purity reads', async () => {
    const { checkPurity } = await import(new URL('../../scripts/lint/purity.mjs', import.meta.url).href);
    expect(checkPurity(ROOT)).to.deep.equal([]);
    const found: string[] = checkPurity(ROOT, ['test/dist/determinism/widgets-plugin.js']);
    const own = found.filter((line) => line.startsWith('test/')).join('\n');
    for (const what of [
      'uses process',
      'uses performance',
      'uses Math.random',
      'uses toLocaleString',
      'uses getHours',
    ]) {
      expect(own).to.include(what);
    }
  });

  describe('docs/DETERMINISM_PROOF.md', () => {
    const commands = (): readonly string[] =>
      [...readFileSync(PAGE, 'utf8').matchAll(/^\$ (.+)$/gm)].map(([, command = '']) => command);

    it('shows commands of rynxs that work as they stand', async () => {
      using directory = new TestDirectory();
      const made = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path);
      expect(made.code, made.stderr).to.equal(0);
      const shown = commands().filter((command) => command.startsWith('npx rynxs '));
      expect(shown).to.have.length.of.at.least(3);
      for (const command of shown) {
        const { code, stdout, stderr } = await runRynxs(command.split(' ').slice(2), directory.path);
        expect(code, `${command}\n${stdout}${stderr}`).to.equal(0);
      }
    });

    it('shows commands of npm that are there, with tests that exist', async () => {
      const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as object;
      const shown = commands().filter((command) => command.startsWith('npm '));
      expect(shown).to.have.length.of.at.least(2);
      for (const command of shown) {
        const [, script = '', ...rest] = command.replace('npm run ', 'npm ').split(' ');
        expect(scripts, command).to.have.property(script);
        for (const file of rest.filter((word) => word.includes('/'))) {
          expect(existsSync(join(ROOT, file)), `${command}: ${file}`).to.equal(true);
        }
      }
      expect(commands()).to.have.length(
        commands().filter((command) => /^(npx rynxs|npm) /.test(command)).length,
      );
    });
  });
});

/** Has an operator decide on two Widgets, with a log in the directory. */
async function writeLog(directory: string, impurity?: string): Promise<void> {
  if (impurity !== undefined) process.env[IMPURITY] = impurity;
  try {
    const store = new FileEventStore({ dir: directory, segmentSize: 67_108_864 });
    await using kernel = await startTestKernel({
      plugins: [widgetsPlugin],
      services: [given(EVENT_STORE, store)],
    });
    const operator = await startOperator(kernel, { signal });
    let applied = 0;
    using _ = operator.log.subscribe(({ event }) => {
      if (event.type === 'ActionApplied') applied += 1;
    });
    kernel.leadership.grant();
    await kernel.cluster.create(WIDGET, widget('a', { colors: ['red'] }), { signal });
    await kernel.cluster.create(WIDGET, widget('b', { colors: ['green'] }), { signal });
    while (applied < 2) await nextTurn();
    await operator.stop();
  } finally {
    delete process.env[IMPURITY];
  }
}
