import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { hostHas } from '../sandbox/probe.js';
import { eventually } from '../testing/eventually.js';
import { ExecClient, servePod } from '../testing/exec-client.js';
import { IDLE, NodeHarness } from '../testing/node-harness.js';
import { availableRuntimes } from '../testing/sandbox-support.js';

describe('exec', function () {
  this.timeout(15_000);
  let harness: NodeHarness;
  let server: Server;
  let url: string;

  before(async function () {
    await availableRuntimes(this);
    harness = await NodeHarness.start();
    const containers = ['main', 'side'].map((name) => ({ name, image: 'i', command: IDLE }));
    containers[0] = {
      ...containers[0],
      env: [{ name: 'FROM', value: 'spec' }],
      workingDir: '/srv',
    } as (typeof containers)[0];
    harness.create('a', { terminationGracePeriodSeconds: 5, containers });
    await harness.ready('a');
    ({ server, url } = await servePod(harness, 'a'));
  });
  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  const open = (argv: readonly string[], choices: Parameters<typeof ExecClient.open>[2] = {}) =>
    ExecClient.open(url, argv, { container: 'main', ...choices });
  const sh = (script: string, choices: Parameters<typeof ExecClient.open>[2] = {}) =>
    open(['sh', '-c', script], choices);

  it('tells output, errors and success', async () => {
    const client = await sh('echo out; echo err >&2');
    expect(await client.status()).to.deep.equal({ metadata: {}, status: 'Success' });
    expect([client.text('stdout'), client.text('stderr')]).to.deep.equal(['out\n', 'err\n']);
  });

  it('tells the exit code, or that a signal ended the command', async () => {
    const causes = async (script: string) => (await (await sh(script)).status()).details;
    expect(await causes('exit 7')).to.deep.equal({ causes: [{ reason: 'ExitCode', message: '7' }] });
    expect(await causes('kill -9 $$')).to.deep.equal({ causes: [{ reason: 'ExitCode', message: '137' }] });
  });

  it('tells that there is no such command', async () => {
    const status = await (await open(['no-such-program'])).status();
    expect(status).to.include({ status: 'Failure', reason: 'InternalError' });
    expect(status.message).to.include('exec: "no-such-program": executable file not found in $PATH');
  });

  it("runs in the container's directory and environment", async () => {
    const client = await sh('pwd; echo $FROM; echo $HOSTNAME');
    await client.status();
    expect(client.text('stdout')).to.equal('/srv\nspec\na\n');
  });

  it('runs in the container that is named', async () => {
    const client = await sh('pwd', { container: 'side' });
    await client.status();
    expect(client.text('stdout')).to.equal('/\n');
  });

  it('passes input on, and its end with version 5 of the protocol', async () => {
    const client = await open(['sha256sum'], { stdin: true });
    expect(client.protocol).to.equal('v5.channel.k8s.io');
    const hash = createHash('sha256');
    for (let chunk = 0; chunk < 40; chunk += 1) {
      const bytes = Buffer.alloc(100_000, chunk);
      hash.update(bytes);
      client.send('stdin', bytes);
    }
    client.send('close', Buffer.of(0));
    await client.status();
    expect(client.text('stdout').split(' ')[0]).to.equal(hash.digest('hex'));
  });

  it('speaks version 4 where the client knows no better', async () => {
    const client = await open(['head', '-n', '1'], { stdin: true, protocols: ['v4.channel.k8s.io'] });
    expect(client.protocol).to.equal('v4.channel.k8s.io');
    client.send('stdin', 'line\n');
    await client.status();
    expect(client.text('stdout')).to.equal('line\n');
  });

  it('passes on a lot of output, in order', async () => {
    const client = await sh('seq 1 200000');
    await client.status();
    const lines = client.text('stdout').trim().split('\n');
    expect(lines).to.have.length(200_000);
    expect(lines.every((line, index) => line === String(index + 1))).to.equal(true);
  });

  it('does not wait for what the command leaves running', async () => {
    const started = performance.now();
    const client = await sh('sleep 60 & echo done');
    await client.status();
    expect(client.text('stdout')).to.equal('done\n');
    expect(performance.now() - started).to.be.lessThan(5_000);
  });

  it('kills the command when the client has gone', async () => {
    const client = await sh("trap '' TERM HUP INT PIPE; echo up; while :; do sleep 0.4714; done");
    await client.until(() => client.text('stdout') === 'up\n');
    expect(isRunning('0.4714')).to.equal(true);
    client.vanish();
    await eventually(() => !isRunning('0.4714'), 'it is gone');
  });

  describe('with a terminal', () => {
    before(function () {
      if (!hostHas('script')) this.skip();
    });

    it('has one of the size that the client tells, now and later', async () => {
      const script =
        'tty; until [ "$(stty size)" = "33 101" ]; do sleep 0.02; done; echo first; until [ "$(stty size)" = "40 120" ]; do sleep 0.02; done; echo second';
      const client = await sh(script, { tty: true, stdin: true });
      client.send('resize', '{"Width":101,"Height":33}');
      await client.until(() => client.text('stdout').includes('first'));
      client.send('resize', '{"Width":120,"Height":40}');
      expect(await client.status()).to.include({ status: 'Success' });
      expect(client.text('stdout')).to.match(/^\/dev\/pts\/\d+\r\nfirst\r\nsecond\r\n$/);
    });

    it('passes on what is typed, ^C included', async () => {
      const client = await sh(
        'trap "echo caught; exit 6" INT; read -r line; echo "got $line"; while :; do sleep 0.05; done',
        {
          tty: true,
          stdin: true,
        },
      );
      client.send('stdin', 'typed\r');
      await client.until(() => client.text('stdout').includes('got typed'));
      client.send('stdin', '\x03');
      expect((await client.status()).details).to.deep.equal({
        causes: [{ reason: 'ExitCode', message: '6' }],
      });
      expect(client.text('stdout')).to.include('caught');
    });
  });

  describe('is refused', () => {
    async function refusal(
      query: string,
      headers: Record<string, string>,
    ): Promise<{ code: number; message: string }> {
      return new Promise((resolve, reject) => {
        const sent = request(`http://${url}/exec?${query}`, {
          method: 'POST',
          headers: { connection: 'Upgrade', ...headers },
        });
        sent.once('response', async (response) => {
          const status = JSON.parse(await text(response)) as { code: number; message: string };
          expect(response.statusCode).to.equal(status.code);
          resolve(status);
        });
        sent.once('upgrade', () => reject(new Error('it was upgraded')));
        sent.once('error', reject);
        sent.end();
      });
    }
    const webSocket = {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    };

    it('over SPDY, with a word on what to do', async () => {
      const { code, message } = await refusal('container=main&command=ls&stdout=true', {
        upgrade: 'SPDY/3.1',
      });
      expect(code).to.equal(400);
      expect(message).to.include('WebSocket only').and.to.include('kubectl 1.31');
    });

    it('without a subprotocol that is known', async () => {
      const headers = { ...webSocket, 'sec-websocket-protocol': 'channel.k8s.io' };
      const { code, message } = await refusal('container=main&command=ls&stdout=true', headers);
      expect(code).to.equal(400);
      expect(message).to.include('v5.channel.k8s.io');
    });

    it('without a command, or a container that exists', async () => {
      expect((await refusal('container=main&stdout=true', webSocket)).message).to.include(
        'at least one command',
      );
      expect((await refusal('container=x&command=ls&stdout=true', webSocket)).message).to.include(
        'container x is not valid',
      );
      expect((await refusal('command=ls&stdout=true', webSocket)).message).to.include(
        'choose one of: [main side]',
      );
    });
  });
});

describe('exec in a pod that stops', function () {
  this.timeout(15_000);

  it('ends with it, and the client is told', async function () {
    await availableRuntimes(this);
    await using harness = await NodeHarness.start();
    harness.createPod('a');
    await harness.ready('a');
    const { server, url } = await servePod(harness, 'a');
    const client = await ExecClient.open(url, ['sh', '-c', 'echo up; exec sleep 1000']);
    await client.until(() => client.text('stdout') === 'up\n');
    harness.delete('a');
    expect((await client.status()).details).to.deep.equal({
      causes: [{ reason: 'ExitCode', message: '137' }],
    });
    await harness.gone('a');
    server.close();
  });
});

describe('log over HTTP', function () {
  this.timeout(15_000);
  let harness: NodeHarness;
  let server: Server;
  let url: string;

  before(async function () {
    await availableRuntimes(this);
    harness = await NodeHarness.start();
    harness.createPod('a', { command: ['sh', '-c', `echo first; echo second >&2; ${IDLE[2]}`] });
    await harness.ready('a');
    ({ server, url } = await servePod(harness, 'a'));
  });
  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  it('shows both streams', async () => {
    await eventually(
      async () => (await (await fetch(`http://${url}/log`)).text()).includes('started'),
      'all is there',
    );
    const lines = (await (await fetch(`http://${url}/log`)).text()).trim().split('\n');
    expect(lines).to.have.members(['first', 'second', 'started']);
    expect(await (await fetch(`http://${url}/log?tailLines=1`)).text()).to.match(/^\w+\n$/);
  });

  it('is followed until the container ends', async () => {
    harness.createPod('b', {
      command: [
        'sh',
        '-c',
        `trap 'echo bye; exit 0' TERM; ${IDLE[2]?.replace('exit 0', 'echo bye; exit 0')}`,
      ],
    });
    await harness.ready('b');
    const other = await servePod(harness, 'b');
    const response = await fetch(`http://${other.url}/log?follow=true`);
    const all = response.text();
    harness.delete('b');
    expect(await all).to.equal('started\nbye\n');
    await harness.gone('b');
    other.server.close();
  });

  it('is refused for what is not there, in words of the kubelet', async () => {
    const refused = async (query: string) => {
      const response = await fetch(`http://${url}/log?${query}`);
      const status = (await response.json()) as { message: string };
      return `${response.status} ${status.message}`;
    };
    expect(await refused('container=x')).to.equal('400 container x is not valid for pod a');
    expect(await refused('previous=true')).to.equal(
      '400 previous terminated container "main" in pod "a" not found',
    );
    expect(await refused('tailLines=-1')).to.include('400 tailLines: Invalid value: "-1"');
  });
});

/** Whether a process of the host has this word on its command line. */
function isRunning(word: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
      } catch {
        return false;
      }
    });
}
