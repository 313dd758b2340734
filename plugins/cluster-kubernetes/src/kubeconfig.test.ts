import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasCode } from '@rynxs/kernel';
import { expect } from 'chai';
import { type AccessLookup, findAccess, parseAccess } from './kubeconfig.js';

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: a, user: token}}
- {name: two, context: {cluster: b, user: files, namespace: team}}
- {name: nobody, context: {cluster: a}}
clusters:
- {name: a, cluster: {server: 'https://a:6443/', certificate-authority-data: Q0E=}}
- {name: b, cluster: {server: 'https://b:6443', certificate-authority: pki/ca.crt, tls-server-name: k8s}}
users:
- {name: token, user: {token: secret-token}}
- name: files
  user:
    client-certificate: pki/tls.crt
    client-key: /abs/tls.key
    tokenFile: token
    exec: {command: ./plugin}
`;

async function invalid(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(hasCode(error, 'RYNXS_KUBECONFIG_INVALID'), String(error)).to.equal(true);
  return (error as Error).message;
}

describe('kubeconfig', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'kubeconfig-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function file(name: string, text: string): Promise<string> {
    const location = path.join(directory, name);
    await mkdir(path.dirname(location), { recursive: true });
    await writeFile(location, text);
    return location;
  }
  const lookUp = (lookup: Partial<AccessLookup>) =>
    findAccess({
      kubeconfig: undefined,
      context: undefined,
      serviceAccountDirectory: path.join(directory, 'none'),
      serviceHost: undefined,
      servicePort: undefined,
      proxies: {},
      ...lookup,
    });

  it('gives the cluster and the user of the current context', async () => {
    const { cluster, user } = await parseAccess(KUBECONFIG, 'text');
    expect(cluster).to.include({ server: 'https://a:6443', caData: 'Q0E=' });
    expect(user).to.include({ name: 'token', token: 'secret-token' });
  });

  it('gives those of the context that is asked for, with paths from the file’s own directory', async () => {
    const kubeconfig = await file('config', KUBECONFIG);
    const { cluster, user, location } = await lookUp({ kubeconfig, context: 'two' });
    expect(location).to.equal(kubeconfig);
    expect(cluster).to.include({ caFile: path.join(directory, 'pki/ca.crt'), tlsServerName: 'k8s' });
    expect(user).to.include({ certFile: path.join(directory, 'pki/tls.crt'), keyFile: '/abs/tls.key' });
    expect(user.authProvider.config).to.deep.equal({ tokenFile: path.join(directory, 'token') });
    expect(user.exec.command).to.equal(path.join(directory, 'plugin'));
  });

  it('allows a context without a user', async () => {
    const kubeconfig = await file('config', KUBECONFIG);
    expect((await lookUp({ kubeconfig, context: 'nobody' })).user).to.deep.equal({ name: 'anonymous' });
  });

  it('merges several files, the first one’s entries winning, and skips a missing one', async () => {
    const first = await file('first', 'clusters: [{name: a, cluster: {server: "https://first:1"}}]');
    const second = await file('second', KUBECONFIG);
    const kubeconfig = [first, path.join(directory, 'missing'), second].join(path.delimiter);
    const { cluster, user } = await lookUp({ kubeconfig });
    expect(cluster.server).to.equal('https://first:1');
    expect(user.name).to.equal('token');
  });

  it('sends what a user impersonates as headers', async () => {
    const text = KUBECONFIG.replace(
      '{token: secret-token}',
      '{as: jane, as-uid: "7", as-groups: [dev, ops], as-user-extra: {Scopes/x: [view]}}',
    );
    expect((await parseAccess(text, 'text')).impersonation).to.deep.equal([
      ['impersonate-user', 'jane'],
      ['impersonate-uid', '7'],
      ['impersonate-group', 'dev'],
      ['impersonate-group', 'ops'],
      ['impersonate-extra-Scopes%2Fx', 'view'],
    ]);
  });

  describe('of a pod', () => {
    const pod = () => ({
      serviceAccountDirectory: directory,
      serviceHost: '10.96.0.1',
      servicePort: '443',
    });

    it('is its service account', async () => {
      await file('token', 't');
      const { cluster, user } = await lookUp(pod());
      expect(cluster).to.include({ server: 'https://10.96.0.1:443', caFile: path.join(directory, 'ca.crt') });
      expect(user.authProvider.config).to.deep.equal({ tokenFile: path.join(directory, 'token') });
      const ipv6 = await lookUp({ ...pod(), serviceHost: 'fd00::1' });
      expect(ipv6.cluster.server).to.equal('https://[fd00::1]:443');
    });

    it('comes after a kubeconfig that is named', async () => {
      await file('token', 't');
      const kubeconfig = await file('config', KUBECONFIG);
      expect((await lookUp({ ...pod(), kubeconfig })).cluster.name).to.equal('a');
    });
  });

  describe('is refused', () => {
    it('when there is no such file', async () => {
      const kubeconfig = path.join(directory, 'missing');
      expect(await invalid(lookUp({ kubeconfig })))
        .to.contain(kubeconfig)
        .and.to.contain('no such file');
    });

    it('when the context is unknown, naming those that are known', async () => {
      const kubeconfig = await file('config', KUBECONFIG);
      const message = await invalid(lookUp({ kubeconfig, context: 'three' }));
      expect(message).to.contain('three').and.to.contain('one, two, nobody');
    });

    for (const [what, text, words] of [
      ['is no YAML', '{', 'kubeconfig'],
      ['is empty', '', 'empty'],
      ['has no current-context', KUBECONFIG.replace('current-context: one', ''), 'no current-context'],
      [
        'names a missing cluster',
        KUBECONFIG.replace('cluster: a,', 'cluster: x,'),
        'cluster x, which is missing',
      ],
      ['names a missing user', KUBECONFIG.replace('user: token}', 'user: x}'), 'user x, which is missing'],
      [
        'has a cluster without a server',
        KUBECONFIG.replace("server: 'https://a:6443/', ", ''),
        'server is missing',
      ],
      [
        'has an address that is no URL',
        KUBECONFIG.replace('https://a:6443/', 'a:6443'),
        'no http or https address',
      ],
      [
        'wants a proxy of a kind that is not known',
        KUBECONFIG.replace("server: 'https://a:6443/'", "server: 'https://a:6443/', proxy-url: 'ftp://p'"),
        'its proxy-url begins with ftp://, which is not supported; use one of http, https, socks5',
      ],
    ] as const) {
      it(`when it ${what}`, async () => {
        expect(await invalid(parseAccess(text, 'text'))).to.contain(words);
      });
    }

    it('without showing its secrets', async () => {
      const broken = KUBECONFIG.replace(
        '{token: secret-token}',
        '{token: secret-token, token: [secret-token',
      );
      expect(await invalid(parseAccess(broken, 'text'))).not.to.contain('secret-token');
    });
  });
});
