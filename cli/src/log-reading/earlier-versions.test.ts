import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LegacyLog } from '@rynxs/log/testing';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('a log that earlier versions began', () => {
  let directory: TemporaryDirectory;

  /** Four records of earlier versions, one of which has nothing of its fields; then a term of this one. */
  beforeEach(() => {
    directory = new TemporaryDirectory();
    const nothing = { type: null, ts: null, aggregate_id: 7, payload: [] };
    const log = new LegacyLog()
      .append('v1')
      .append('v2', { ts: '2025-01-01T00:00:05Z' })
      .append('v1', nothing)
      .append('v2');
    log.startTerm('log-1').commit({ n: 1 }, { n: 2 });
    const logs = join(directory.path, '.rynxs/logs');
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, 'operator-events.log'), log.bytes);
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(...args: string[]): Promise<string> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', ...args], terminal);
    expect(code, terminal.stderr.text).to.equal(0);
    return terminal.stdout.text;
  }

  it('verifies as a whole', async () => {
    expect(JSON.parse(await run('verify', '-o', 'json'))).to.include({
      intact: true,
      records: 7,
      log_id: 'log-1',
    });
  });

  it('is shown, with times as all others have them', async () => {
    const lines = (await run('tail')).trimEnd().split('\n');
    expect(lines[0]).to.match(/^ +0 2025-01-01T00:00:00\.250Z AgentObserved +agents\/default\/a/);
    expect(lines[2]).to.match(/^ +2 +- +-$/);
    expect(lines).to.have.length(7);
    expect(await run('inspect', '2')).to.match(/commit {2}seq 2 to 2$/m);
  });

  it('has its first records in an epoch of their own', async () => {
    expect(await run('epochs'))
      .to.match(/^0 +- +seq 0 +seq 3 +4 /m)
      .and.match(/^1 .* seq 4 +seq 6 +3 /m);
    expect(JSON.parse(await run('stats', '-o', 'json')).by_epoch).to.deep.equal([
      { name: 0, records: 4 },
      { name: 1, records: 3 },
    ]);
  });

  it('can be queried', async () => {
    const seqs = async (...args: string[]): Promise<number[]> =>
      (await run('query', '-o', 'json', ...args))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).seq as number);
    expect(await seqs('--epoch', '0')).to.deep.equal([0, 1, 2, 3]);
    expect(await seqs('--since', '2025-01-01T00:00:02Z')).to.deep.equal([1, 3, 4, 5, 6]);
    expect(await seqs('--agent', 'a')).to.deep.equal([0, 1, 3, 5, 6]);
  });
});
