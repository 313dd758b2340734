import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { giveTree } from '../directories.js';
import { eventually } from '../testing/eventually.js';
import { outcome, SandboxHarness } from '../testing/sandbox-harness.js';
import { availableRuntimes, needsRuntime } from '../testing/sandbox-support.js';
import { CommandError, type ContainerProcess, type SandboxRuntime } from './container-process.js';
import { hostHas } from './probe.js';

const IDLE = ["trap 'exit 0' TERM INT; while :; do sleep 1000 & wait $!; done"] as const;
/** What a process's status says of its rights, without the bounding set. */
const RIGHTS =
  "grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status";

for (const runtime of ['bubblewrap', 'unshare'] as const satisfies readonly SandboxRuntime[]) {
  describe(`container by ${runtime}`, function () {
    this.timeout(10_000);
    let harness: SandboxHarness;

    before(async function () {
      needsRuntime(this, runtime);
      await availableRuntimes(this);
      harness = await SandboxHarness.create(runtime);
    });
    after(() => harness?.close());

    it('runs as the user it is told, without capabilities, and can gain none', async () => {
      const { stdout } = await harness.sh('id -u; id -g; cat /proc/self/status');
      expect(stdout.split('\n').slice(0, 2)).to.deep.equal(['65532', '65532']);
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
        expect(stdout).to.match(new RegExp(`^Cap${set}:\\t0000000000000000$`, 'm'));
      }
      expect(stdout).to.match(/^NoNewPrivs:\t1$/m);
    });

    it('is no user of the host that owns anything, also where the operator is root', async () => {
      const container = await harness.start(['sh', '-c', ...IDLE]);
      const status = await readFile(`/proc/${container.pid}/status`, 'utf8');
      expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).to.not.equal('0');
      container.kill();
      await container.exited;
    });

    it('cannot make a user namespace, in which it would be root', async () => {
      const { code, stderr } = await harness.run(['unshare', '--user', 'true']);
      expect(code).to.equal(1);
      expect(stderr).to.include('unshare failed');
    });

    it("sees a minimal root and nothing of the host's other directories", async () => {
      const { stdout } = await harness.sh('ls -A /');
      const allowed = new Set('bin dev etc lib lib32 lib64 libx32 proc sbin tmp usr workspace'.split(' '));
      const names = stdout.trim().split('\n');
      expect(names.filter((name) => !allowed.has(name))).to.deep.equal([]);
      for (const path of [
        '/root',
        '/home',
        '/var',
        '/opt',
        '/srv',
        '/run',
        '/sys',
        import.meta.dirname,
        harness.dir,
      ]) {
        expect((await harness.run(['ls', path])).code, path).to.equal(2);
      }
    });

    it("sees none of the host's secrets in /etc", async () => {
      const { stdout } = await harness.sh('ls -A /etc; cat /etc/passwd');
      for (const name of ['shadow', 'ssh', 'sudoers', 'gshadow', 'machine-id', 'fstab']) {
        expect(stdout.split('\n')).to.not.include(name);
      }
      expect(stdout).to.include('nonroot:x:65532:65532:').and.not.include('daemon');
    });

    it('sees its own processes only', async () => {
      const { stdout } = await harness.sh(
        "ls /proc | grep -E '^[0-9]+$' | sort -n | head -1; ls /proc | grep -cE '^[0-9]+$'",
      );
      const [first, count] = stdout.trim().split('\n').map(Number);
      expect(first).to.equal(1);
      expect(count).to.be.lessThan(6);
    });

    it('shares no namespace with the host', async () => {
      const container = await harness.start(['sh', '-c', ...IDLE]);
      for (const name of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']) {
        const [own, inside] = ['self', container.pid].map((pid) => readlinkSync(`/proc/${pid}/ns/${name}`));
        expect(inside, name).to.not.equal(own);
      }
      container.kill();
      await container.exited;
    });

    it('has no network but a loopback', async () => {
      const { stdout } = await harness.sh('cat /proc/net/dev | tail -n +3; cat /proc/net/route | tail -n +2');
      expect(stdout.trim().split('\n')).to.have.length(1);
      expect(stdout).to.match(/^ *lo:/);
    });

    it('has a loopback that is up where the host has the ip command', async function () {
      if (!hostHas('ip')) this.skip();
      expect(harness.sandbox.hasLoopback).to.equal(true);
      const { stdout } = await harness.run(['ip', '-o', 'link', 'show', 'lo']);
      expect(stdout).to.include('LOOPBACK,UP');
    });

    it('cannot write to its programs, to /etc, or to a read-only root', async () => {
      const { stderr } = await harness.sh('touch /usr/x /usr/bin/x /etc/x /x');
      expect(stderr.match(/Read-only file system/g)).to.have.length(4);
    });

    it('may write to a root that is not read-only, but not to its programs or to /etc', async () => {
      const { stdout, stderr } = await harness.sh('touch /x && ls /x; touch /usr/x /etc/x', {
        readOnlyRoot: false,
      });
      expect(stdout).to.equal('/x\n');
      expect(stderr.match(/Read-only file system/g)).to.have.length(2);
    });

    it('cannot change settings of the kernel', async () => {
      const { code } = await harness.sh(
        'echo x >/proc/sys/kernel/core_pattern || echo b >/proc/sysrq-trigger',
      );
      expect(code).to.not.equal(0);
    });

    it('has a /tmp and devices of its own', async () => {
      const { stdout, code } = await harness.sh(
        'touch /tmp/x /dev/shm/x && echo x >/dev/null && head -c 4 /dev/urandom | wc -c && ls /dev',
      );
      expect(code).to.equal(0);
      expect(stdout.trim().split(/\s+/)).to.deep.equal(
        '4 fd full null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' '),
      );
      expect((await harness.sh('ls -A /tmp /dev/shm')).stdout).to.equal('/dev/shm:\n\n/tmp:\n');
    });

    it('keeps what it writes to a volume, under its own user', async () => {
      const mounts = [{ source: await harness.volume('data'), path: '/workspace', readOnly: false }];
      await harness.sh('echo kept >/workspace/file', { mounts });
      const { stdout } = await harness.sh('cat /workspace/file; stat -c %u /workspace/file', { mounts });
      expect(stdout).to.equal('kept\n65532\n');
      expect(await readFile(join(harness.dir, 'data/file'), 'utf8')).to.equal('kept\n');
    });

    it('cannot write to a volume that is mounted read-only', async () => {
      const source = await harness.volume('fixed');
      await writeFile(join(harness.dir, source, 'file'), 'as it is');
      await giveTree(join(harness.dir, source), harness.identity);
      const mounts = [{ source, path: '/tmp/deep/fixed', readOnly: true }];
      const { stdout, stderr } = await harness.sh('cat /tmp/deep/fixed/file; touch /tmp/deep/fixed/file', {
        mounts,
      });
      expect(stdout).to.equal('as it is');
      expect(stderr).to.include('Read-only file system');
    });

    it('has the environment that it is given and no other', async () => {
      const env = { PLAIN: 'a', QUOTED: `it's "$HOME" \`id\`\n2nd line`, 'odd.name': 'b c', LD_X: '' };
      const { stdout } = await harness.run(['cat', '/proc/self/environ'], { env });
      const variables = stdout.split('\0').filter((each) => each !== '');
      const { PATH, ...others } = Object.fromEntries(variables.map((each) => each.split(/=(.*)/s, 2)));
      expect(PATH).to.be.a('string');
      expect(others).to.deep.equal(env);
    });

    it('gets its arguments byte by byte', async () => {
      const words = ['', ' ', `'`, '"', '$(id)', '\\', 'ä\n', '*'];
      const { stdout } = await harness.run(['printf', '[%s]', ...words]);
      expect(stdout).to.equal(words.map((word) => `[${word}]`).join(''));
    });

    it('never shows its environment on a command line of the host', async () => {
      const marker = `secret-${process.pid}-${Date.now()}`;
      const seen: string[] = [];
      const starting = harness.start(['sh', '-c', ...IDLE], { env: { TOKEN: marker } });
      let isRunning = false;
      const settled = starting.finally(() => {
        isRunning = true;
      });
      settled.catch(() => {});
      while (!isRunning) {
        seen.push(...commandLines().filter((line) => line.includes(marker)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const container = await starting;
      expect(seen).to.deep.equal([]);
      container.kill();
      await container.exited;
    });

    it('inherits no files of the operator', async () => {
      const { stdout } = await harness.run(['ls', '-l', '/proc/self/fd']);
      const links = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].map(([, fd, target]) => `${fd} ${target}`);
      const [input, output, errors, ...others] = links;
      expect(input).to.equal('0 /dev/null');
      expect(output).to.match(/^1 .*fifo-/);
      expect(errors).to.match(/^2 .*fifo-/);
      // The directory that is being listed.
      const unexpected = others.filter((link) => !/^\d+ (\/dev\/null|\/proc\/\d+\/fd)$/.test(link));
      expect(unexpected).to.deep.equal([]);
    });

    it('may open its output again by name', async () => {
      const { stdout, stderr } = await harness.sh('echo out >/dev/stdout; echo err >/dev/stderr');
      expect([stdout, stderr]).to.deep.equal(['out\n', 'err\n']);
    });

    it('begins in its working directory, which is made where it is missing', async () => {
      expect((await harness.run(['pwd'], { workingDir: '/srv/app' })).stdout).to.equal('/srv/app\n');
    });

    it('has the name of its pod', async () => {
      expect((await harness.run(['cat', '/proc/sys/kernel/hostname'])).stdout).to.equal('pod-1\n');
    });

    it('runs the programs of the host, the dynamic linker and its cache included', async () => {
      const { stdout, code } = await harness.sh('command -v env && awk "BEGIN { print 6 * 7 }"');
      expect(code).to.equal(0);
      expect(stdout).to.include('42');
    });

    it('reports a missing program as such', async () => {
      const error = await harness.run(['no-such-program']).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(CommandError);
      expect(String(error)).to.include('"no-such-program": executable file not found in $PATH');
    });

    it('tells its exit code, or the signal that ended it', async () => {
      expect((await harness.sh('exit 7')).code).to.equal(7);
      const container = await harness.start(['sleep', '1000']);
      container.kill();
      expect(await container.exited).to.deep.equal({ code: 137 });
      const suicide = await harness.start([
        'sh',
        '-c',
        'sh -c \'kill -9 $PPID\'; trap "exit 9" TERM; sleep 0.01; exit 5',
      ]);
      expect((await suicide.exited).code, 'process 1 cannot be killed from inside').to.equal(5);
    });

    it('gets SIGTERM as process 1 and may end by itself', async () => {
      const container = await harness.start([
        'sh',
        '-c',
        "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 1000 & wait $!; done",
      ]);
      await new Promise((resolve) => container.stdout.once('data', resolve));
      container.signal('SIGTERM');
      expect((await container.exited).code).to.equal(3);
    });

    it('takes all of its processes with it when its first one ends', async () => {
      const container = await harness.start([
        'sh',
        '-c',
        'sleep 4711 & sleep 4711 & (sleep 4711 &) ; echo up; read x <$(mktemp -u) 2>/dev/null; wait',
      ]);
      await eventually(() => descendants(container).length >= 3, 'its children run');
      const all = descendants(container);
      container.kill();
      await container.exited;
      await eventually(() => all.every((pid) => !isThere(pid)), 'they are gone');
    });

    it('does not outlive the process that waits for it', async () => {
      const container = await harness.start(['sh', '-c', ...IDLE]);
      const parent = /^PPid:\t(\d+)$/m.exec(readIfThere(`/proc/${container.pid}/status`))?.[1];
      process.kill(Number(parent), 'SIGKILL');
      await container.exited;
      await eventually(() => !isThere(container.pid), 'it is gone');
    });

    it('is gone, with everything in it, when its sandbox is closed', async () => {
      const other = await SandboxHarness.create(runtime);
      const container = await other.start(['sh', '-c', ...IDLE]);
      await eventually(() => descendants(container).length === 1, 'its child runs');
      const pids = [container.pid, ...descendants(container)];
      await other.close();
      await container.exited;
      await eventually(() => pids.every((pid) => !isThere(pid)), 'they are gone');
    });

    it('is not started when the wish for it has ended', async () => {
      const abort = new AbortController();
      const starting = harness.start(['sh', '-c', ...IDLE], { signal: abort.signal });
      abort.abort(new Error('no more'));
      const error = await starting.catch((thrown: unknown) => thrown);
      expect(error).to.have.property('message', 'no more');
    });

    it('leaves no pipes behind', async () => {
      await harness.sh('true');
      expect(readdirSync(harness.dir).filter((name) => name.startsWith('fifo'))).to.deep.equal([]);
    });

    describe('a command that joins it', () => {
      let container: ContainerProcess;
      before(async () => {
        container = await harness.start(['sh', '-c', ...IDLE], { env: { FROM: 'spec' } });
      });
      after(async () => {
        container.kill();
        await container.exited;
      });

      it('has the same namespaces, root and rights', async () => {
        const script = `${RIGHTS}; for n in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$n; done; ls -A /`;
        const fresh = await harness.start(['sh', '-c', `${script}; ${IDLE[0]}`]);
        let own = '';
        fresh.stdout.on('data', (chunk: Buffer) => {
          own += chunk.toString();
        });
        await eventually(() => own.includes('usr\n'), 'the container has told');
        const joined = await outcome(await harness.enter(fresh, ['sh', '-c', script]));
        expect(joined.stdout).to.equal(own);
        fresh.kill();
        await fresh.exited;
      });

      it('cannot make a user namespace either', async () => {
        const { code } = await outcome(await harness.enter(container, ['unshare', '--user', 'true']));
        expect(code).to.equal(1);
      });

      it("sees the container's processes and may look into them", async () => {
        const { stdout } = await outcome(await harness.enter(container, ['cat', '/proc/1/environ']));
        expect(stdout).to.include('FROM=spec');
      });

      it('tells exit code, output and errors', async () => {
        const result = await outcome(
          await harness.enter(container, ['sh', '-c', 'echo a; echo b >&2; exit 9']),
        );
        expect(result).to.deep.equal({ stdout: 'a\n', stderr: 'b\n', code: 9 });
      });

      it('reads its input to the end', async () => {
        const joined = await harness.enter(container, ['wc', '-c'], { hasStdin: true });
        joined.stdin?.end(Buffer.alloc(300_000, 'x'));
        expect((await outcome(joined)).stdout.trim()).to.equal('300000');
      });

      it('dies when it is killed, whatever it does', async () => {
        const joined = await harness.enter(container, [
          'sh',
          '-c',
          "trap '' TERM INT HUP; echo up; exec sleep 4712",
        ]);
        await new Promise((resolve) => joined.stdout.once('data', resolve));
        joined.kill();
        await joined.exited;
        await eventually(() => !commandLines().some((line) => line.includes('sleep\x004712')), 'it is gone');
      });

      it('may have a terminal', async function () {
        if (!hostHas('script')) this.skip();
        const joined = await harness.enter(container, ['sh', '-c', 'test -t 0 && test -t 1 && tty; exit 4'], {
          hasStdin: true,
          tty: true,
        });
        const output = await text(joined.stdout);
        expect(output.trim())
          .to.equal(joined.tty)
          .and.to.match(/^\/dev\/pts\/\d+$/);
        expect((await joined.exited).code).to.equal(4);
      });
    });
  });
}

function descendants(container: ContainerProcess): number[] {
  const found: number[] = [];
  for (const queue = [container.pid]; queue.length > 0; ) {
    const pid = queue.pop();
    const children = commandChildren(pid ?? 0);
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

function commandChildren(pid: number): number[] {
  const name = `/proc/${pid}/task/${pid}/children`;
  return readIfThere(name).split(' ').filter(Boolean).map(Number);
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readIfThere(`/proc/${pid}/cmdline`));
}

function isThere(pid: number): boolean {
  return readIfThere(`/proc/${pid}/cmdline`) !== '';
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
