import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@rynxs/kernel';
import { expect } from 'chai';
import { SandboxHarness } from '../testing/sandbox-harness.js';
import { availableRuntimes } from '../testing/sandbox-support.js';
import { createLimiter, findCgroupPlaces, limiterAt } from './cgroup.js';
import { MAX_TASKS } from './limits.js';

const clock = new SystemClock();

describe('cgroup places', () => {
  it('are the own cgroup and the one beside it in a unified hierarchy', () => {
    const mountInfo = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
    expect(findCgroupPlaces(mountInfo, '0::/user.slice/app.slice/term.scope\n').unified).to.deep.equal([
      '/sys/fs/cgroup/user.slice/app.slice/term.scope',
      '/sys/fs/cgroup/user.slice/app.slice',
    ]);
    expect(findCgroupPlaces(mountInfo, '0::/\n').unified).to.deep.equal(['/sys/fs/cgroup']);
  });

  it('are found for each controller of the first version, also when two share a mount', () => {
    const mountInfo = [
      '31 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '32 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '33 30 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
    ].join('\n');
    expect(
      findCgroupPlaces(mountInfo, '4:memory:/job/7\n2:cpu,cpuacct:/\n1:name=systemd:/\n').v1,
    ).to.deep.equal({
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/memory/job/7',
    });
  });

  it('follow the root of a mount that shows a part of the hierarchy', () => {
    const mountInfo = '32 30 0:30 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
    expect(findCgroupPlaces(mountInfo, '4:memory:/docker/1/x').v1).to.deep.equal({
      memory: '/sys/fs/cgroup/memory/x',
    });
  });
});

describe('limiter', () => {
  let place: string;
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'rynxs-cgroup-test-'));
  });
  afterEach(() => rm(place, { recursive: true, force: true }));

  it('falls back to limits of single processes where no cgroup may be made', () => {
    const limiter = limiterAt({ unified: [join(place, 'missing/deep')], v1: {} }, clock, 1);
    expect(limiter.enforcement.by).to.equal('Rlimits');
    expect(limiter.limit('a', { memoryBytes: 2 ** 20 }).shellCommands).to.deep.equal(['ulimit -d 1024']);
  });

  it('writes what the first version of cgroups wants', () => {
    const v1 = { memory: join(place, 'm'), cpu: join(place, 'c'), pids: join(place, 'p') };
    for (const directory of Object.values(v1)) mkdirSync(directory);
    const limiter = limiterAt({ unified: [], v1 }, clock, process.pid);
    const limits = limiter.limit('pod-a', { memoryBytes: 64 * 2 ** 20, cpuCores: 0.5 });
    const [memory = '', cpu = '', pids = ''] = limits.procsFiles.map((file) =>
      file.replace('/cgroup.procs', ''),
    );
    expect(readFileSync(join(memory, 'memory.limit_in_bytes'), 'utf8')).to.equal('67108864');
    expect(readFileSync(join(cpu, 'cpu.cfs_quota_us'), 'utf8')).to.equal('50000');
    expect(readFileSync(join(pids, 'pids.max'), 'utf8')).to.equal(String(MAX_TASKS));
    writeFileSync(join(memory, 'memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n');
    expect(limits.oomKills()).to.equal(2);
  });

  it('writes what the second version wants', () => {
    const controllers = 'cpuset cpu memory pids\n';
    writeFileSync(join(place, 'cgroup.controllers'), controllers);
    const made: string[] = [];
    // Here a directory stands for the file system, and this for the kernel.
    const makeCgroup = (directory: string): void => {
      mkdirSync(directory);
      writeFileSync(join(directory, 'cgroup.controllers'), controllers);
      made.push(directory);
    };
    const limiter = limiterAt(
      { unified: [join(place, 'missing'), place], v1: {} },
      clock,
      process.pid,
      makeCgroup,
    );
    expect(limiter.enforcement).to.deep.equal({ by: 'CgroupV2', enforces: ['memory', 'cpu', 'pids'] });
    for (const directory of [place, ...made]) {
      expect(readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8')).to.equal('+memory +cpu +pids');
    }
    const limits = limiter.limit('pod-a', { memoryBytes: 1_048_576, cpuCores: 2 });
    const directory = join(made[0] ?? '', 'pod-a');
    expect(limits.procsFiles).to.deep.equal([join(directory, 'cgroup.procs')]);
    const written = ['memory.max', 'cpu.max', 'pids.max'].map((file) =>
      readFileSync(join(directory, file), 'utf8'),
    );
    expect(written).to.deep.equal(['1048576', '200000 100000', String(MAX_TASKS)]);
  });

  it('removes what operators left behind that are gone, and nothing else', () => {
    const memory = join(place, 'm');
    const dead = join(memory, 'rynxs-99999999-1/pod-a');
    const alive = join(memory, `rynxs-${process.ppid}-1`);
    const foreign = join(memory, 'rynxs-other');
    for (const directory of [dead, alive, foreign]) mkdirSync(directory, { recursive: true });
    limiterAt({ unified: [], v1: { memory } }, clock, process.pid);
    expect([dead, alive, foreign].map((directory) => existsSync(directory))).to.deep.equal([
      false,
      true,
      true,
    ]);
    rmSync(alive, { recursive: true });
  });

  it('really limits a container, where this host has cgroups to write', async function () {
    this.timeout(10_000);
    const [runtime = 'unshare'] = await availableRuntimes(this);
    const limiter = createLimiter(clock);
    if (!limiter.enforcement.enforces.includes('memory')) {
      await limiter.close();
      this.skip();
    }
    const harness = await SandboxHarness.create(runtime);
    const limits = limiter.limit('test-1', { memoryBytes: 32 * 2 ** 20 });
    // Filling /dev/shm takes memory that nothing can give back.
    const { code } = await harness.sh('head -c 60000000 /dev/zero >/dev/shm/x', { limits });
    expect(code).to.not.equal(0);
    expect(limits.oomKills()).to.be.greaterThan(0);
    await limits.release();
    await limiter.close();
    await harness.close();
    expect(limits.procsFiles.some((file) => existsSync(file))).to.equal(false);
  });
});
