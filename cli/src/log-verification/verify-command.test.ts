import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchOf } from '@rynxs/kernel/testing';
import { NoteSigner } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import type { VerifyReport } from './verify-report.js';

describe('rynxs log verify', () => {
  let directory: TemporaryDirectory;
  let terminal: RecordingTerminal;
  let log: SignedLog;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    terminal = new RecordingTerminal({ cwd: directory.path });
    log = new SignedLog(directory.path);
  });

  afterEach(() => directory[Symbol.dispose]());

  const verify = (...args: string[]): Promise<number> => runCommandLine(['log', 'verify', ...args], terminal);

  async function report(...args: string[]): Promise<VerifyReport & { readonly code: number }> {
    const own = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', 'verify', '--output', 'json', ...args], own);
    expect(own.stderr.text).to.equal('');
    return { ...(JSON.parse(own.stdout.text) as VerifyReport), code };
  }

  /** Writes a log of 9 records in 4 commits and 2 epochs. */
  async function writeLog(): Promise<void> {
    const agent = { type: 'AgentObserved', aggregateId: 'agents/default/a', payload: { generation: 1 } };
    await log.append(log.log.next(3), log.log.nextOf([agent]), log.log.startEpoch(), log.log.next(4));
  }

  function alterRecord(seq: number, change: (line: string) => string): void {
    const lines = readFileSync(log.file, 'utf8').split('\n');
    lines[seq] = change(lines[seq]!);
    writeFileSync(log.file, lines.join('\n'));
  }

  it('finds an untouched log intact, and does not claim more', async () => {
    await writeLog();
    expect(await verify()).to.equal(0);
    expect(terminal.stdout.text)
      .to.match(/^intact: /)
      .and.include('9 records in 4 commits')
      .and.match(/epochs +2/)
      .and.include(`seq 8, ${log.log.head.hash}`)
      .and.match(/signed_to +none/)
      .and.match(/trust +none/)
      .and.include('Completeness is not proven');
  });

  it('gives programs the same', async () => {
    await writeLog();
    expect(await verify('--output', 'json')).to.equal(0);
    const report = JSON.parse(terminal.stdout.text) as VerifyReport;
    expect(report).to.include({
      intact: true,
      records: 9,
      commits: 4,
      epochs: 2,
      log_id: 'sample-log',
      damage: null,
      checked: 'all',
      signed_to: null,
      unsigned_tail: 9,
      trust: 'none',
      proven_to: null,
      completeness: 'not proven',
    });
    expect(report.head).to.deep.equal({ seq: 8, hash: log.log.head.hash });
    expect(report.bytes).to.equal(readFileSync(log.file).length);
  });

  it('names the first bad record, the kind of damage and the last good one', async () => {
    await writeLog();
    alterRecord(1, (line) => line.replace('"n":0', '"n":6'));
    expect(await verify()).to.equal(1);
    expect(terminal.stdout.text)
      .to.match(/^TAMPERED/)
      .and.match(/first bad +seq 1/)
      .and.match(/last good +seq 0/)
      .and.match(/damage +hash_mismatch: /);
  });

  it('notices a change of the very last record', async () => {
    await writeLog();
    alterRecord(8, (line) => line.replace('"n":8', '"n":9'));
    expect(await verify('--output', 'json')).to.equal(1);
    const report = JSON.parse(terminal.stdout.text) as VerifyReport;
    expect(report.intact).to.equal(false);
    expect(report.damage).to.include({
      first_bad_seq: 8,
      kind: 'hash_mismatch',
      in_last_commit: true,
    });
  });

  describe('on a log that two have written', () => {
    const stranger = (epoch: number, writer: string) => {
      const { nextSeq: firstSeq, hash: prevHash = '' } = log.log.head;
      return batchOf([{}], { firstSeq, prevHash, epoch, writer });
    };

    for (const [what, epoch, writer, detail] of [
      [
        'two writers of one epoch',
        2,
        'sample-writer',
        'seq 9 is of epoch 2 by "sample-writer" in epoch 2 of "writer-2" (from seq 4 on): two writers in one epoch',
      ],
      [
        'a writer that was fenced and went on',
        1,
        'sample-writer',
        'seq 9 is of epoch 1 by "sample-writer" in epoch 2 of "writer-2" (from seq 4 on): no EpochStarted opens it, or its writer was fenced',
      ],
    ] as const) {
      it(`rejects ${what}: names both, where, and what to do`, async () => {
        await writeLog();
        await log.append(stranger(epoch, writer));
        const { code, damage } = await report();
        expect(code).to.equal(1);
        expect(damage).to.include({ kind: 'epoch_broken', first_bad_seq: 9, last_good_seq: 8, detail });
        expect(await verify('--chain-only')).to.equal(1);
        expect(terminal.stdout.text)
          .to.include(`damage        epoch_broken: ${detail}`)
          .and.include('Stop every operator')
          .and.include('docs/SPLIT_BRAIN.md');
      });
    }
  });

  it('leaves out a commit that was not finished, and says so', async () => {
    await writeLog();
    const { length } = readFileSync(log.file);
    writeFileSync(log.file, log.log.next(3).bytes.subarray(0, 700), { flag: 'a' });
    expect(await verify('--output', 'json')).to.equal(0);
    const report = JSON.parse(terminal.stdout.text) as VerifyReport;
    expect(report).to.include({ intact: true, records: 9, bytes: length });
    expect(report.unfinished).to.deep.equal({ seq: 9, bytes: 700 });
  });

  it('notices a record that was taken out', async () => {
    await writeLog();
    alterRecord(3, () => '');
    writeFileSync(log.file, readFileSync(log.file, 'utf8').replace('\n\n', '\n'));
    expect(await verify('--output', 'json')).to.equal(1);
    expect((JSON.parse(terminal.stdout.text) as VerifyReport).damage).to.include({
      first_bad_seq: 3,
      kind: 'gap',
    });
  });

  it('works while the log is being written', async () => {
    const store = new FileEventStore({ dir: log.logs });
    await store.open(new AbortController().signal);
    await store.append(log.log.next(2), new AbortController().signal);
    expect(await verify()).to.equal(0);
    expect(terminal.stdout.text).to.include('2 records');
    await store.close();
  });

  it('exits with 2 where there is nothing to verify', async () => {
    mkdirSync(log.logs, { recursive: true });
    expect(await verify()).to.equal(2);
    expect(terminal.stderr.text).to.include('RYNXS_LOG_NOT_FOUND');
  });

  it('exits with 2 for what cannot be read', async () => {
    mkdirSync(log.file, { recursive: true });
    expect(await verify()).to.equal(2);
    expect(terminal.stderr.text).to.include('RYNXS_LOG_UNAVAILABLE');
  });
  describe('with a trusted key', () => {
    beforeEach(async () => {
      await writeLog();
      await log.sign();
      await log.append(log.log.next(2));
    });

    it('proves completeness up to the newest checkpoint, and tells what is beyond', async () => {
      expect(await verify('--key', log.vkey)).to.equal(0);
      expect(terminal.stdout.text)
        .to.match(/signed_to +seq 8/)
        .and.match(/unsigned_tail +2 records/)
        .and.match(/trust +key/)
        .and.include('Completeness is proven up to seq 8')
        .and.include('The 2 records after that');
      expect(await report('--key', log.vkey)).to.include({
        code: 0,
        signed_to: 8,
        proven_to: 8,
        unsigned_tail: 2,
        completeness: 'proven up to proven_to',
      });
    });

    it('takes the key from a file too, under any name', async () => {
      const file = log.write('auditor.vkey', `${log.signer.verifier.named('somebody')}\n`);
      expect(await report('--key', file)).to.include({ code: 0, signed_to: 8 });
    });

    it('finds records cut off up to the checkpoint, which the chain alone does not', async () => {
      const lines = readFileSync(log.file, 'utf8').split('\n');
      writeFileSync(log.file, `${lines.slice(0, 5).join('\n')}\n`);
      expect(await report()).to.include({ code: 0, intact: true, records: 5 });
      const found = await report('--key', log.vkey);
      expect(found).to.include({ code: 1, intact: false });
      expect(found.damage).to.include({
        kind: 'truncated',
        first_bad_seq: 5,
        last_good_seq: 4,
        known_size: 9,
      });
    });

    it('finds a log that was rewritten with new hashes, and between which checkpoints', async () => {
      rmSync(log.logs, { recursive: true });
      const [honest, forged] = [log, new SignedLog(join(directory.path, 'forged'))];
      const rewritten = new SignedLog(directory.path);
      for (const one of [rewritten, forged]) await one.append(one.log.next(3));
      await rewritten.sign(rewritten.checkpoint(honest.signer));
      await rewritten.append(rewritten.log.next(6));
      await rewritten.sign(rewritten.checkpoint(honest.signer));
      await forged.append(forged.log.nextOf([{ payload: { n: 'forged' } }]), forged.log.next(8));
      writeFileSync(rewritten.file, readFileSync(forged.file));
      expect(await report()).to.include({ code: 0, intact: true });
      const found = await report('--key', honest.vkey);
      expect(found.code).to.equal(1);
      expect(found.damage).to.include({ kind: 'rewritten', first_bad_seq: 3, last_good_seq: 2 });
    });

    it('finds where it was rewritten also when more checkpoints tell of it than are usually read', async () => {
      const many = new SignedLog(join(directory.path, 'many'));
      const forged = new SignedLog(join(directory.path, 'forged'));
      for (const one of [many, forged]) await one.appendSigned(one.log.next(2), one.log.next(1));
      await many.appendSigned(...Array.from({ length: 70 }, () => many.log.next(1)));
      await forged.append(forged.log.nextOf([{ payload: { n: 'forged' } }]), forged.log.next(69));
      writeFileSync(many.file, readFileSync(forged.file));
      const found = await report('--key', many.vkey, '--store', `file://${many.logs}`);
      expect(found.damage).to.include({ kind: 'rewritten', first_bad_seq: 3 });
    });

    it('does not let a checkpoint of another key count, but names it', async () => {
      await log.append(log.log.next(1));
      await log.sign(log.checkpoint(NoteSigner.generate('mallory')));
      const found = await report('--key', log.vkey);
      expect(found).to.include({ code: 0, signed_to: 8, unsigned_tail: 3 });
      expect(found.untrusted_checkpoints).to.deep.equal([
        { size: 12, origin: SignedLog.origin, signers: [SignedLog.origin], reason: 'unknown key' },
      ]);
      expect(await verify('--key', log.vkey)).to.equal(0);
      expect(terminal.stdout.text).to.include('1 checkpoint of the newest, which do not count');
    });

    it('exits with 2 when the key has signed nothing: what was asked for could not be checked', async () => {
      const other = NoteSigner.generate('other').verifier.toString();
      expect(await verify('--key', other)).to.equal(2);
      expect(terminal.stdout.text)
        .to.match(/signed_to +none/)
        .and.include('no checkpoint is signed by a key that was given');
    });

    it('refuses a signing key, which is not for whoever verifies', async () => {
      for (const key of [log.keyFile, log.signer.export()]) {
        const own = new RecordingTerminal({ cwd: directory.path });
        expect(await runCommandLine(['log', 'verify', '--key', key], own)).to.equal(2);
        expect(own.stderr.text).to.include('RYNXS_LOG_KEY').and.include('it is a signing key');
      }
    });

    it('refuses what is no key, and a file that is not there', async () => {
      for (const [key, code] of [
        ['rynxs+12345678+AAAA', 'RYNXS_LOG_KEY'],
        [log.write('empty', ''), 'RYNXS_LOG_KEY'],
        ['nowhere.vkey', 'RYNXS_INPUT_FILE'],
      ] as const) {
        const own = new RecordingTerminal({ cwd: directory.path });
        expect(await runCommandLine(['log', 'verify', '--key', key], own), key).to.equal(2);
        expect(own.stderr.text).to.include(code);
      }
    });
  });

  describe('with a checkpoint that was kept', () => {
    it('trusts it, whatever its signature', async () => {
      await writeLog();
      const kept = log.write('kept.txt', log.checkpoint(NoteSigner.generate('anybody')));
      expect(await report('--checkpoint', kept)).to.include({
        code: 0,
        anchored_to: 8,
        proven_to: 8,
        trust: 'none',
      });
      writeFileSync(log.file, `${readFileSync(log.file, 'utf8').split('\n').slice(0, 5).join('\n')}\n`);
      const found = await report('--checkpoint', kept);
      expect(found.code).to.equal(1);
      expect(found.damage?.kind).to.equal('truncated');
    });

    it('finds that the log was swapped for another one', async () => {
      await writeLog();
      const kept = log.write('kept.txt', log.checkpoint().replaceAll('sample-log', 'other-log'));
      const found = await report('--checkpoint', kept);
      expect(found.code).to.equal(1);
      expect(found.damage?.kind).to.equal('foreign');
    });

    it('refuses what is none', async () => {
      await writeLog();
      expect(await verify('--checkpoint', log.write('kept.txt', 'no checkpoint'))).to.equal(2);
      expect(terminal.stderr.text).to.include('RYNXS_CHECKPOINT_INVALID').and.include('kept.txt');
    });
  });

  describe('a part only', () => {
    it('looks at the chain alone, and claims no more', async () => {
      await writeLog();
      await log.sign();
      expect(await report('--chain-only')).to.include({ code: 0, checked: 'chain', records: 9, root: null });
    });

    it('begins with the commit that holds a record', async () => {
      await writeLog();
      expect(await report('--from', '6')).to.include({ code: 0, checked: 'part', from_seq: 5, records: 4 });
      alterRecord(7, (line) => line.replace('"n":7', '"n":6'));
      expect((await report('--from', '6')).damage).to.include({ first_bad_seq: 7, last_good_seq: 6 });
    });

    it('cannot be checked against a key', async () => {
      await writeLog();
      expect(await verify('--chain-only', '--key', log.vkey)).to.equal(2);
      expect(terminal.stderr.text).to.include('RYNXS_USAGE');
    });
  });

  it('computes the root in its thread as it is computed elsewhere', async () => {
    await writeLog();
    expect((await report()).root).to.equal(log.root.toString('base64'));
  });

  it('shows progress to people only, and clears it', async () => {
    await writeLog();
    const person = new RecordingTerminal({ cwd: directory.path, isTTY: true });
    expect(await runCommandLine(['log', 'verify'], person)).to.equal(0);
    expect(person.stderr.text === '' || person.stderr.text.endsWith('\u001B[K')).to.equal(true);
    expect(terminal.stderr.text).to.equal('');
  });
});
