import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { ClusterError } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { Identity } from './credentials.js';
import type { ClusterAccess } from './kubeconfig.js';
import { accessTo, CONFIG_MAPS, clientOf, eventually } from './testing/client-harness.test.js';
import {
  LOOPBACK_CERTIFICATE,
  LOOPBACK_KEY,
  OTHER_CERTIFICATE,
  OTHER_KEY,
} from './testing/loopback-certificate.js';
import { answerJson, ScriptedServer, statusObject } from './testing/scripted-server.js';

const { signal } = new AbortController();
const KEY = { namespace: 'default', name: 'a' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A process that nobody has waited for yet has ended too; Linux can tell. */
function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return existsSync('/proc/self/status') && /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

describe('credentials', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'credentials-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const identityOf = (user: Partial<User>, clock = new FakeClock()) =>
    new Identity({ ...accessTo('https://k8s'), user: { name: 'u', ...user } }, clock);
  const tokenFileUser = (file: string): Partial<User> => ({
    authProvider: { name: 'tokenFile', config: { tokenFile: file } },
  });

  const connect = (server: string, access: Partial<ClusterAccess>) => clientOf(server, { access }).client;

  /** A credential plugin that counts its calls in a file and answers with `status`. */
  async function plugin(status: object): Promise<{ user: Partial<User>; calls: () => Promise<number> }> {
    const command = path.join(directory, 'plugin');
    const log = path.join(directory, 'calls');
    const credential = JSON.stringify({ kind: 'ExecCredential', status });
    await writeFile(log, '');
    await writeFile(command, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> '${log}'\necho '${credential}'\n`);
    await chmod(command, 0o755);
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command } };
    return { user, calls: async () => (await readFile(log, 'utf8')).split('\n').length - 1 };
  }

  it('of a token are a bearer header, for ever', async () => {
    const identity = identityOf({ token: 'abc\n' });
    expect(identity.current()).to.equal(undefined);
    const credentials = await identity.renew();
    expect(credentials.headers).to.deep.equal(['authorization', 'Bearer abc']);
    expect(identity.current()).to.equal(credentials);
  });

  it('of a name and a password are a basic header', async () => {
    const { headers } = await identityOf({ username: 'me', password: 'pw' }).renew();
    expect(headers).to.deep.equal(['authorization', `Basic ${base64('me:pw')}`]);
  });

  it('of nobody are none', async () => {
    expect(await identityOf({}).renew()).to.deep.equal({ headers: [], tls: {} });
  });

  it('of a token file follow the file once it was refused, without its newline', async () => {
    const file = path.join(directory, 'token');
    await writeFile(file, 'one\n');
    const identity = identityOf(tokenFileUser(file));
    const first = await identity.renew();
    expect(first.headers).to.deep.equal(['authorization', 'Bearer one']);
    await writeFile(file, 'two\n');
    identity.reject(first);
    expect(identity.current()).to.equal(undefined);
    expect((await identity.renew()).headers).to.deep.equal(['authorization', 'Bearer two']);
  });

  it('of a token file are asked for again after a while', async () => {
    const file = path.join(directory, 'token');
    await writeFile(file, 'one');
    const clock = new FakeClock();
    const identity = identityOf(tokenFileUser(file), clock);
    await identity.renew();
    await clock.advance(9_999);
    expect(identity.current()).not.to.equal(undefined);
    await clock.advance(1);
    expect(identity.current()).to.equal(undefined);
  });

  it('of a plugin are its token, asked for once and shared by all who wait', async () => {
    const { user, calls } = await plugin({ token: 'from-plugin' });
    const identity = identityOf(user);
    const [first, second] = await Promise.all([identity.renew(), identity.renew()]);
    expect(first).to.equal(second);
    expect(first.headers).to.deep.equal(['authorization', 'Bearer from-plugin']);
    expect(await calls()).to.equal(1);
    const info = JSON.parse(await readFile(path.join(directory, 'calls'), 'utf8'));
    expect(info).to.deep.equal({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false },
    });
  });

  it('of a plugin may be a certificate; the same one again is the same TLS material', async () => {
    const { user } = await plugin({ clientCertificateData: 'CERT', clientKeyData: 'KEY' });
    const clock = new FakeClock();
    const identity = identityOf(user, clock);
    const first = await identity.renew();
    expect(first.tls).to.deep.equal({ cert: 'CERT', key: 'KEY' });
    await clock.advance(10_000);
    const second = await identity.renew();
    expect(second).not.to.equal(first);
    expect(second.tls).to.equal(first.tls);
  });

  it('of a plugin that fails say which, and what its author advises', async () => {
    const exec = { command: path.join(directory, 'missing'), installHint: 'get it from example.com' };
    await using client = connect('http://127.0.0.1:1', { user: { name: 'u', exec } });
    const error: unknown = await client.get(CONFIG_MAPS, KEY, { signal }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'unavailable');
    expect((error as Error).message)
      .to.contain(exec.command)
      .and.to.contain(exec.installHint);
  });

  it('of a plugin that hangs end with it and all that it started', async () => {
    const command = path.join(directory, 'plugin');
    const pids = path.join(directory, 'pids');
    await writeFile(
      command,
      `#!/bin/sh\nsleep 1000 &\necho $$ $! > '${pids}.new'; mv '${pids}.new' '${pids}'\nwait\n`,
    );
    await chmod(command, 0o755);
    for (const end of ['deadline', 'close'] as const) {
      const clock = new FakeClock();
      using identity = identityOf({ exec: { command } }, clock);
      const failed = identity.renew().then(
        () => expect.fail('it had no answer'),
        (error: Error) => error.message,
      );
      await eventually('the plugin runs', () => existsSync(pids));
      const started = (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
      await rm(pids);
      if (end === 'deadline') await clock.advance(60_000);
      else identity[Symbol.dispose]();
      expect(await failed).to.contain(
        end === 'deadline' ? `${command} failed: it did not answer within 60 s` : command,
      );
      for (const pid of started) await eventually(`${pid} has ended`, () => hasEnded(pid));
      expect(clock.pending).to.equal(0);
    }
  });

  it('of files follow them; while only one of two is new, those before serve on', async () => {
    const [certFile, keyFile] = [path.join(directory, 'tls.crt'), path.join(directory, 'tls.key')];
    await writeFile(certFile, LOOPBACK_CERTIFICATE);
    await writeFile(keyFile, LOOPBACK_KEY);
    const clock = new FakeClock();
    const identity = identityOf({ certFile, keyFile }, clock);
    const before = await identity.renew();
    const renewed = async () => {
      await clock.advance(60_000);
      expect(identity.current()).to.equal(undefined);
      return (await identity.renew()).tls;
    };
    expect(await renewed(), 'unchanged').to.equal(before.tls);
    await writeFile(certFile, OTHER_CERTIFICATE);
    expect(await renewed(), 'a certificate without its key').to.equal(before.tls);
    await writeFile(keyFile, OTHER_KEY);
    expect(await renewed()).to.deep.equal({
      cert: Buffer.from(OTHER_CERTIFICATE),
      key: Buffer.from(OTHER_KEY),
    });
  });

  it('that were refused are renewed once, and the request is sent again', async () => {
    const file = path.join(directory, 'token');
    await writeFile(file, 'old');
    await using server = await ScriptedServer.listen((request, response) => {
      if (request.headers.authorization === 'Bearer new') answerJson(response, 200, { metadata: KEY });
      else answerJson(response, 401, statusObject(401, 'Unauthorized', 'Unauthorized'));
    });
    await using client = connect(server.url, { user: { name: 'u', ...tokenFileUser(file) } });
    const refused: unknown = await client
      .get(CONFIG_MAPS, KEY, { signal })
      .catch((reason: unknown) => reason);
    expect(refused).to.be.instanceOf(ClusterError).with.property('reason', 'denied');
    expect(server.requests).to.have.lengthOf(1);
    await writeFile(file, 'new');
    await client.create(CONFIG_MAPS, { metadata: KEY }, { signal });
    expect(server.requests.map(({ headers }) => headers.authorization).slice(1)).to.deep.equal([
      'Bearer old',
      'Bearer new',
    ]);
  });

  it('may be a client certificate, from data or files', async () => {
    await using server = await ScriptedServer.listen(
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        answerJson(response, 200, { metadata: KEY, who: subject?.CN });
      },
      { scheme: 'https', requestsClientCertificate: true },
    );
    const keyFile = path.join(directory, 'tls.key');
    await writeFile(keyFile, LOOPBACK_KEY);
    const user = { name: 'u', certData: base64(LOOPBACK_CERTIFICATE), keyFile };
    const cluster = {
      name: 'c',
      server: server.url,
      skipTLSVerify: false,
      caData: base64(LOOPBACK_CERTIFICATE),
    };
    await using client = connect(server.url, { user, cluster });
    expect((await client.get(CONFIG_MAPS, KEY, { signal })).who).to.equal('loopback');
  });
});
