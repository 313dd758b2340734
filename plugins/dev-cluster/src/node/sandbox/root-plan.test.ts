import { expect } from 'chai';
import { parseMountInfo } from './mount-table.js';
import { mountPathProblem, planRoot } from './root-plan.js';
import { unshareRoot } from './unshare-root.js';

const TABLE = parseMountInfo(
  '1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /home rw,noexec,nodev - ext4 /dev/b rw\n',
);

function plan(mounts: Parameters<typeof planRoot>[0]['mounts'], workingDir = '/') {
  const userland = { entries: [], mountTable: TABLE };
  return planRoot({ userland, nodeDir: '/home/state/node', etc: 'pods/1/etc', mounts, workingDir });
}

describe('root plan', () => {
  it('keeps the restrictions of the mount that a volume lies on, which the kernel does not let go', () => {
    const entries = plan([{ source: 'volumes/1', path: '/workspace', readOnly: true }]);
    expect(entries.find((entry) => entry.path === '/workspace')).to.deep.include({
      kind: 'bind',
      source: 'volumes/1',
      inheritedOptions: ['nodev', 'noexec'],
    });
    const script = unshareRoot({ entries, readOnlyRoot: true, uid: 1, gid: 1 }, 'true').join(' ');
    expect(script).to.include('mount -c -o bind,ro,nosuid,nodev,noexec volumes/1 /tmp/workspace');
  });

  it('gives way to volumes at /tmp and /dev/shm', () => {
    const scratch = (entries: ReturnType<typeof plan>) =>
      entries.filter((entry) => entry.kind === 'tmpfs').map((entry) => entry.path);
    expect(scratch(plan([]))).to.deep.equal(['/dev/shm', '/tmp']);
    const mounts = ['/tmp', '/dev/shm'].map((path) => ({ source: 'x', path, readOnly: false }));
    expect(scratch(plan(mounts))).to.deep.equal([]);
  });

  it('makes the working directory, unless a volume brings it', () => {
    expect(plan([], '/srv/app').at(-1)).to.deep.equal({ kind: 'directory', path: '/srv/app' });
    const mounts = [{ source: 'x', path: '/srv', readOnly: false }];
    expect(plan(mounts, '/srv/app').some((entry) => entry.kind === 'directory')).to.equal(false);
  });

  it('makes mounts below the programs read-only one by one', () => {
    const entries = [
      {
        ...({ kind: 'bind', source: '/usr', path: '/usr', of: 'directory', readOnly: true } as const),
        ...{ mountPointExists: false, inheritedOptions: [] },
        submounts: [{ path: '/local', options: ['noexec'] }],
      },
    ];
    const script = unshareRoot({ entries, readOnlyRoot: true, uid: 1, gid: 1 }, 'true').join(' ');
    expect(script).to.include('mount -c --rbind /usr /tmp/usr\n');
    expect(script).to.include('mount -o remount,bind,ro,nosuid,nodev /tmp/usr\n');
    expect(script).to.include('mount -o remount,bind,ro,nosuid,nodev,noexec /tmp/usr/local\n');
  });

  describe('mount paths', () => {
    for (const path of ['/', 'workspace', '/a/../etc', '/a//b', '/a/./b', '']) {
      it(`refuses ${JSON.stringify(path)}, which is not plain`, () => {
        expect(mountPathProblem(path, [])).to.include('not a plain absolute path');
      });
    }
    for (const path of [
      '/usr',
      '/usr/bin',
      '/bin',
      '/lib64',
      '/etc',
      '/proc/1',
      '/dev',
      '/dev/null',
      '/sys',
    ]) {
      it(`refuses ${path}, from where the sandbox is built and entered`, () => {
        expect(mountPathProblem(path, [])).to.include('the embedded node provides it');
      });
    }
    for (const path of ['/workspace', '/tmp', '/etc/rynxs', '/dev/shm', '/usrlocal', '/var/lib/x']) {
      it(`takes ${path}`, () => {
        expect(mountPathProblem(path, [path])).to.equal(undefined);
      });
    }
    it('refuses a volume inside another, which could lead it astray', () => {
      expect(mountPathProblem('/workspace/sub', ['/workspace'])).to.include('inside the volume');
    });
  });
});
