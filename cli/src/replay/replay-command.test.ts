import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('rynxs replay', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;

  beforeEach(async () => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
    const decided = {
      type: 'ActionsDecided',
      aggregateId: 'gadgets/default/a',
      payload: { decider: 'gadget@1' },
    };
    await log.append(log.log.next(3), log.log.nextOf([decided]), log.log.next(2));
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['replay', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  it('counts decisions of who is not here as not recomputed', async () => {
    const { code, stdout } = await run('--output', 'json');
    expect(code).to.equal(0);
    const report = JSON.parse(stdout);
    expect(report).to.include({ same: true, records: 6, epochs: 1, head_hash: log.log.head.hash });
    expect(report.decisions).to.deep.equal({ recorded: 1, not_recomputed: 1, differences: [] });
  });

  it('stops at a record, and says when there is none such', async () => {
    expect(JSON.parse((await run('--at', '2', '--output', 'json')).stdout)).to.include({ records: 3 });
    const beyond = await run('--at', '6');
    expect(beyond.code).to.equal(2);
    expect(beyond.stderr).to.include('RYNXS_LOG_NO_SUCH_RECORD');
  });

  it('refuses a log that does not verify', async () => {
    writeFileSync(log.file, readFileSync(log.file, 'utf8').replace('"n":1', '"n":6'));
    const { code, stderr } = await run();
    expect(code).to.equal(1);
    expect(stderr).to.include('RYNXS_LOG_DAMAGED');
  });

  it('does not take a defect of a reconciler for one of the log', async () => {
    await log.append(log.log.nextOf([{ type: 'AgentObserved', aggregateId: 'agents/default/a' }]));
    const { code, stderr } = await run();
    expect(code).to.equal(1);
    expect(stderr).not.to.include('RYNXS_LOG');
  });
});
