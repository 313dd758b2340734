import { expect } from 'chai';
import { mountOf, mountsBelow, parseMountInfo } from './mount-table.js';

const TABLE = parseMountInfo(
  [
    '21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw',
    '22 21 8:2 / /home rw,nosuid,nodev,noexec - ext4 /dev/sda2 rw',
    '23 21 8:3 / /usr ro,nodev - ext4 /dev/sda3 rw',
    '24 23 8:4 / /usr/with\\040space rw - ext4 /dev/sda4 rw',
    '25 22 0:5 / /home rw,nosuid - tmpfs tmpfs rw',
    '',
  ].join('\n'),
);

describe('mount table', () => {
  it('finds the mount that a path is on', () => {
    expect(mountOf(TABLE, '/usr/lib')?.path).to.equal('/usr');
    expect(mountOf(TABLE, '/usr')?.path).to.equal('/usr');
    expect(mountOf(TABLE, '/usrlocal')?.path).to.equal('/');
  });

  it('knows a mount by the last one on its path', () => {
    expect([...(mountOf(TABLE, '/home/me')?.options ?? [])]).to.deep.equal(['rw', 'nosuid']);
  });

  it('finds mounts below a directory, with odd names', () => {
    expect(mountsBelow(TABLE, '/usr').map((mount) => mount.path)).to.deep.equal(['/usr/with space']);
  });
});
