import { expect } from 'chai';
import { Command } from 'commander';
import { createProgram, runCommandLine } from './command-line.js';
import { RecordingTerminal } from './testing/recording-terminal.test.js';
import { TemporaryDirectory } from './testing/temporary-directory.test.js';

describe('the rynxs command', () => {
  let directory: TemporaryDirectory;
  let terminal: RecordingTerminal;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    terminal = new RecordingTerminal({ cwd: directory.path });
  });

  afterEach(() => directory[Symbol.dispose]());

  const run = (...args: string[]): Promise<number> => runCommandLine(args, terminal);

  /** Every command and group, as the words that call it. */
  function allCommands(command: Command, words: readonly string[] = []): (readonly string[])[] {
    return [words, ...command.commands.flatMap((child) => allCommands(child, [...words, child.name()]))];
  }

  const program = createProgram({ terminal: new RecordingTerminal({ cwd: '/' }), exitCode: 0 });

  for (const words of allCommands(program)) {
    const name = ['rynxs', ...words].join(' ');

    it(`explains ${name}, with an example`, async () => {
      expect(await run(...words, '--help')).to.equal(0);
      expect(terminal.stdout.text)
        .to.include(`Usage: ${name}`)
        .and.match(/Examples?:\n/);
      expect(terminal.stderr.text).to.equal('');
    });

    it(`tells the version: ${name} --version`, async () => {
      expect(await run(...words, '--version')).to.equal(0);
      expect(terminal.stdout.text).to.match(/^\d+\.\d+\.\d+\n$/);
    });
  }

  it('has the commands that users were promised', () => {
    const names = allCommands(program).map((words) => words.join(' '));
    expect(names).to.include.members([
      'dev',
      'start',
      'doctor',
      'agents',
      'leader',
      'leader transfer',
      'plugins',
      'config print',
      'config docs',
      'log tail',
      'log query',
      'log inspect',
      'log epochs',
      'log stats',
      'log verify',
      'log proof',
      'log check-proof',
      'log consistency',
      'log export',
      'log recover',
      'keys generate',
      'keys show',
      'replay',
      'errors docs',
    ]);
  });

  it('takes --output on every command that does something', () => {
    const leaves = (command: Command): Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    for (const command of leaves(program)) {
      expect(
        command.options.map(({ long }) => long),
        command.name(),
      ).to.include('--output');
    }
  });

  it('exits with 2 for wrong use, and says what is right', async () => {
    for (const args of [
      ['bogus'],
      ['log'],
      ['dev', '--port', '99999'],
      ['log', 'inspect', '-1'],
      ['dev', '--timeout', '0'],
    ]) {
      expect(await run(...args), args.join(' ')).to.equal(2);
      expect(terminal.stderr.text).to.include('error RYNXS_USAGE: ').and.include('remedy: ');
    }
    expect(terminal.stdout.text).to.equal('');
  });

  it('suggests the option that was meant', async () => {
    await run('log', 'verify', '--stroe', 'x');
    expect(terminal.stderr.text).to.include('--store');
  });

  it('reports in JSON when that is what was asked for, wherever the mistake is', async () => {
    for (const output of [['--output', 'json'], ['--output=json'], ['-o', 'json']]) {
      const own = new RecordingTerminal({ cwd: directory.path });
      expect(await runCommandLine(['log', 'verify', ...output, '--nonsense'], own)).to.equal(2);
      expect(JSON.parse(own.stderr.text)).to.include({ code: 'RYNXS_USAGE' });
    }
  });

  it('prints every code of the table, and only documents of its own', async () => {
    expect(await run('errors', 'docs')).to.equal(0);
    expect(terminal.stdout.text).to.match(/^# /).and.include('RYNXS_USAGE');
  });

  it('tells where a setting came from', async () => {
    terminal = new RecordingTerminal({ cwd: directory.path, env: { LOG_LEVEL: 'debug' } });
    expect(await run('config', 'print')).to.equal(0);
    expect(terminal.stdout.text).to.match(/kernel\.logLevel +debug +\$LOG_LEVEL/);
  });

  it('lists all errors of the configuration at once', async () => {
    terminal = new RecordingTerminal({
      cwd: directory.path,
      env: { LOG_LEVEL: 'loud', METRICS_PORT: '10abc' },
    });
    expect(await run('config', 'print')).to.equal(2);
    expect(terminal.stderr.text).to.include('LOG_LEVEL').and.include('METRICS_PORT');
  });

  it('shows which plugins there are and which are used', async () => {
    expect(await run('plugins', '--output', 'json')).to.equal(0);
    const plugins = JSON.parse(terminal.stdout.text) as {
      id: string;
      provides: { type: string; selected: boolean }[];
    }[];
    expect(plugins.map(({ id }) => id)).to.include.members(['store-file', 'dev-cluster', 'metrics']);
    const store = plugins.find(({ id }) => id === 'store-file');
    expect(store?.provides).to.deep.include({
      token: 'EVENT_STORE',
      type: 'file',
      selected: true,
      selectedBy: 'EVENT_STORE_TYPE',
    });
  });
});
