import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { chaos } from '../ha/chaos.js';
import { CpuPressure } from '../ha/cpu-pressure.js';
import { FAULTS, type FaultName } from '../ha/faults.js';
import { HaSystem } from '../ha/ha-system.js';
import { Judge } from '../ha/judge.js';
import { TIMINGS } from '../ha/timings.js';
import { ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { Fleet } from './fault-fleet.js';
import { KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';

const MINUTE_MS = 60_000;
/** Longer than three retry periods, in which followers do what they do. */
const PEACE_MS = 5_000;

describe('three replicas', function () {
  // Half of it where nothing else is at work.
  this.timeout(6 * MINUTE_MS);
  const { signal } = new AbortController();

  it('behave as one that never dies, whatever fault comes', async () => {
    const seed = Number(process.env.RYNXS_TEST_SEED ?? Date.now() % 1_000_000);
    const lines: string[] = [];
    const result = await chaos({
      ...{ rounds: FAULTS.length, seed, agents: 60, operationsPerSecond: 8, timings: 'short', signal },
      progress: (line) => lines.push(line),
    });
    expect(
      result.problems,
      `npm run ha-chaos -- --rounds ${FAULTS.length} --agents 60 --timings short --seed ${seed}\n${lines.join('\n')}`,
    ).to.deep.equal([]);
    expect(result.rounds.map(({ fault }) => fault.name)).to.have.members([...FAULTS] satisfies FaultName[]);
  });

  it('are one that acts and two that only follow, ready and silent', async () => {
    await using system = await HaSystem.start({ timings: TIMINGS.short, signal });
    const fleet = await Fleet.make(system.cluster, 'fleet', 20);
    await fleet.settled();
    await system.pause(PEACE_MS);
    expect(await system.unrest()).to.deep.equal([]);
    const leader = await system.leader();
    const followers = system.replicas.filter((replica) => replica !== leader);
    expect(followers).to.have.length(2);
    const requests = await system.cluster.audit.since();
    for (const { name, s3 } of followers) {
      const written = requests
        .filter(({ user, verb }) => user.username === name && !['get', 'list', 'watch'].includes(verb))
        // Who finds no Lease asks for it; one of them gets it.
        .filter(({ objectRef }) => objectRef?.resource !== 'leases');
      expect(written.map(({ requestURI }) => requestURI)).to.deep.equal([]);
      expect(s3.writes).to.deep.equal([]);
    }
    using pressure = new CpuPressure();
    const { problems } = await new Judge(system, pressure).judge(new Set(fleet.names));
    expect(problems).to.deep.equal([]);
  });

  it('leave nothing when the run is interrupted', async () => {
    using directory = new TestDirectory();
    const cables = () => readdirSync('/sys/class/net').filter((name) => name.startsWith('rynxsha'));
    const before = cables();
    const main = join(ROOT, 'test/dist/ha/main.js');
    await using run = new RynxsProcess([process.execPath, main, '--timings', 'short'], directory.path, {
      TMPDIR: directory.path,
      [KUBERNETES_VARIABLE]: programOf(KUBERNETES_VARIABLE),
      RYNXS_TEST_VERSITYGW: programOf('RYNXS_TEST_VERSITYGW'),
    });
    await run.printed('round 1:');
    run.signal('SIGINT');
    expect((await run.ended()).code, run.output).to.equal(130);
    expect(readdirSync(directory.path)).to.deep.equal([]);
    expect(cables()).to.deep.equal(before);
  });
});
