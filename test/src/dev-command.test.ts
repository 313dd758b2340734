import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  ANY_PORTS,
  BASIC_AGENT,
  type Ended,
  RYNXS,
  RynxsProcess,
  runRynxs,
  TestDirectory,
} from './rynxs-process.js';

const AGENT = readFileSync(BASIC_AGENT, 'utf8');

describe('rynxs dev', function () {
  this.timeout(60_000);
  let directory: TestDirectory;

  beforeEach(() => {
    directory = new TestDirectory();
  });

  afterEach(() => directory[Symbol.dispose]());

  const dev = (...args: string[]) =>
    new RynxsProcess([...RYNXS, 'dev', ...ANY_PORTS, ...args], directory.path);
  const devOnce = (...args: string[]) =>
    runRynxs(['dev', ...ANY_PORTS, '--once', '--output', 'json', ...args], directory.path);

  describe('--once --output json', () => {
    describe('in a new directory', () => {
      let own: TestDirectory;
      let first: Ended;

      const again = (...args: string[]) =>
        runRynxs(['dev', ...ANY_PORTS, '--once', '--output', 'json', BASIC_AGENT, ...args], own.path);

      before(async () => {
        own = new TestDirectory();
        first = await again();
      });

      after(() => own[Symbol.dispose]());

      it('prints one JSON object that tells all, and nothing else, to stdout', () => {
        const { code, stdout, stderr } = first;
        expect(code, stderr).to.equal(0);
        expect(stdout).to.match(/^\{.*\}\n$/);
        const result = JSON.parse(stdout);
        expect(result).to.include({ agent: 'default/my-agent', ready: true, verified: true });
        expect(result.children).to.have.members([
          'ConfigMap/my-agent',
          'PersistentVolumeClaim/my-agent',
          'NetworkPolicy/my-agent',
          'Deployment/my-agent',
        ]);
        const records =
          readFileSync(join(own.path, '.rynxs/logs/operator-events.log'), 'utf8').split('\n').length - 1;
        expect(result.events).to.equal(records);
        expect(result.elapsedMs).to.be.a('number').greaterThan(0);
      });

      it('shows on stderr how the children appear and the computer becomes Ready', () => {
        const steps = [
          'ConfigMap',
          'PersistentVolumeClaim',
          'NetworkPolicy',
          'Deployment',
          'Pod running',
          'Ready',
          'log verified',
        ];
        const positions = steps.map((step) => first.stderr.indexOf(step));
        expect(positions).to.not.include(-1);
        expect(positions.at(-1)).to.equal(Math.max(...positions));
      });

      it('keeps credentials and state to their owner', () => {
        const mode = (name: string) => statSync(join(own.path, '.rynxs', name)).mode & 0o077;
        expect(mode('kubeconfig')).to.equal(0);
        expect(mode('.')).to.equal(0);
      });

      it('writes what the operator has to say to a file', () => {
        const lines = readFileSync(join(own.path, '.rynxs/rynxs.log'), 'utf8').trimEnd().split('\n');
        expect(lines.map((line) => JSON.parse(line).msg)).to.include('leading');
        expect(first.stderr).not.to.include('leading');
      });

      it('finds everything as it was the second time, and shows what the operator says when asked to', async () => {
        const { code, stdout, stderr } = await again('--verbose');
        expect(code, stderr).to.equal(0);
        const second = JSON.parse(stdout);
        expect(second).to.include({ agent: 'default/my-agent', ready: true, verified: true });
        expect(second.events).to.be.greaterThan(JSON.parse(first.stdout).events);
        expect(stderr).to.include('Agent default/my-agent unchanged').and.include('leading');
        const replay = await runRynxs(['replay', '--output', 'json'], own.path);
        expect(replay.code, replay.stdout).to.equal(0);
        expect(JSON.parse(replay.stdout)).to.include({ same: true, records: second.events });
      });
    });

    it('tells of several agents', async () => {
      writeFileSync(join(directory.path, 'two.yaml'), `${AGENT}---\n${AGENT.replace('my-agent', 'other')}`);
      const { code, stdout } = await devOnce('two.yaml');
      expect(code).to.equal(0);
      const { agents } = JSON.parse(stdout);
      expect(agents).to.have.length(2);
      expect(agents[1]).to.include({ agent: 'default/other', ready: true });
    });

    it('holds agents to a universe, and waits for neither universes nor sessions', async () => {
      const kind = (name: string, fields: string) =>
        `apiVersion: universe.ai/v1alpha1\nkind: ${name}\nmetadata: { name: lab }\nspec: ${fields}\n---\n`;
      const around =
        kind('Universe', '{ namespaces: [default], images: { allowed: ["docker.io/library/*"] } }') +
        kind('Session', '{ agentRef: { name: my-agent }, principal: somebody }');
      writeFileSync(join(directory.path, 'inside.yaml'), around + AGENT);
      const inside = await devOnce('inside.yaml');
      expect(inside.code, inside.stderr).to.equal(0);
      expect(JSON.parse(inside.stdout).ready).to.equal(true);

      const stranger = AGENT.replace('my-agent', 'stranger').replace(/image: .*/, 'image: ghcr.io/acme/bot');
      writeFileSync(join(directory.path, 'outside.yaml'), around + stranger);
      const outside = await devOnce('outside.yaml');
      expect(outside.code).to.equal(1);
      expect(JSON.parse(outside.stdout).reason).to.include(
        'Universe lab: spec.image must match docker.io/library/* (images.allowed)',
      );
      const replay = await runRynxs(['replay', '--output', 'json'], directory.path);
      expect(JSON.parse(replay.stdout)).to.include({ same: true });
    });

    it('gives up in time and says what it waited for', async () => {
      const { code, stdout, stderr } = await devOnce(BASIC_AGENT, '--timeout', '1ms');
      expect(code).to.equal(1);
      expect(JSON.parse(stdout)).to.include({ ready: false, verified: true });
      expect(JSON.parse(stdout).reason).to.include('waiting for ').and.include('Ready');
      expect(stderr).to.include('RYNXS_AGENT_NOT_READY');
    });

    it('says at once why an agent cannot become Ready', async () => {
      const secret = `${AGENT}  env: [{ name: SITE, value: https://me:abc@example.com }]\n`;
      writeFileSync(join(directory.path, 'secret.yaml'), secret);
      const { code, stdout } = await devOnce('secret.yaml');
      expect(code).to.equal(1);
      expect(JSON.parse(stdout).reason).to.include('SITE').and.not.include('abc');
    });

    it('does not run agents where no sandbox can be made, and says why', async function () {
      const without = [
        'unshare',
        '--user',
        '--map-root-user',
        'sh',
        '-c',
        'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"',
        'sh',
      ];
      if (spawnSync(without[0]!, [...without.slice(1), 'true']).status !== 0) {
        console.log('      skipped: user namespaces cannot be turned off here');
        this.skip();
      }
      await using process = new RynxsProcess(
        [...without, ...RYNXS, 'dev', ...ANY_PORTS, '--once', '--output', 'json', BASIC_AGENT],
        directory.path,
      );
      const { code, stdout, stderr } = await process.ended();
      expect(code, stderr).to.equal(1);
      expect(JSON.parse(stdout)).to.include({ ready: false });
      expect(JSON.parse(stdout).reason).to.include('NoSandboxRuntime');
      expect(stderr).to.include('RYNXS_AGENT_BLOCKED');
    });
  });

  describe('until Ctrl-C', () => {
    it('says what to try next, lets it be tried, and ends in good order', async () => {
      await using process = dev(BASIC_AGENT);
      await process.printed('Ctrl-C stops it');
      expect(process.output)
        .to.include('log verified')
        .and.include('kubectl --kubeconfig .rynxs/kubeconfig get agents')
        .and.include('rynxs log tail -f');
      const listed = await runRynxs(['agents', '--output', 'json'], directory.path);
      expect(listed.code, listed.stderr).to.equal(0);
      expect(JSON.parse(listed.stdout)[0]).to.include({
        name: 'my-agent',
        ready: true,
        image: 'python:3.11-slim',
      });
      const compared = await runRynxs(['replay', '--diff', '--output', 'json'], directory.path);
      expect(compared.code, compared.stdout).to.equal(0);
      expect(JSON.parse(compared.stdout).cluster).to.deep.equal({ compared: 5, differences: [] });
      process.signal('SIGINT');
      expect((await process.ended()).code, process.output).to.equal(0);
      const last = await runRynxs(['log', 'tail', '-n', '1', '--output', 'json'], directory.path);
      expect(JSON.parse(last.stdout)).to.include({ type: 'EpochEnded' });
    });

    it('ends at once at any moment of the start', async () => {
      await using process = dev(BASIC_AGENT);
      await process.printed('Rynxs runs');
      process.signal('SIGTERM');
      expect((await process.ended()).code, process.output).to.equal(0);
    });
  });

  describe('where it cannot go on', () => {
    async function refusal(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await runRynxs(['dev', ...args], directory.path);
      expect(code).to.be.oneOf([1, 2]);
      expect(stdout).to.equal('');
      expect(stderr).to.match(/^error RYNXS_\w+: .+\n {2}remedy: .+\n/);
      return stderr;
    }

    it('started twice, also without files: says who runs there', async () => {
      await using first = dev();
      await first.printed('Ctrl-C stops it');
      const message = await refusal(...ANY_PORTS, BASIC_AGENT);
      expect(message)
        .to.match(/RYNXS_DATA_DIR_IN_USE: .*process \d+, since /)
        .and.include('--data-dir');
      await using second = dev('--data-dir', 'other');
      await second.printed('Ctrl-C stops it');
      first.signal('SIGINT');
      expect((await first.ended()).code, first.output).to.equal(0);
    });

    for (const [option, variable] of [
      ['--port', 'EMBEDDED_CLUSTER_PORT'],
      ['--metrics-port', 'METRICS_PORT'],
      ['--health-port', 'HEALTH_PORT'],
    ] as const) {
      it(`on a used port: names it and what changes it (${option})`, async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        try {
          const port = String((server.address() as AddressInfo).port);
          const message = await refusal(...ANY_PORTS, option, port);
          expect(message).to.include(port).and.include(variable);
        } finally {
          server.close();
        }
      });
    }

    it('with a broken manifest: names file, line and field, and starts nothing', async () => {
      writeFileSync(join(directory.path, 'broken.yaml'), AGENT.replace('image:', 'imag:'));
      const message = await refusal(...ANY_PORTS, 'broken.yaml');
      expect(message).to.include('broken.yaml:7: spec.imag: there is no such field');
      expect(message).to.include('spec.image: is required');
      expect(existsSync(join(directory.path, '.rynxs'))).to.equal(false);
    });

    it('with a manifest that is not there, or is no YAML', async () => {
      expect(await refusal('missing.yaml'))
        .to.include('missing.yaml')
        .and.include('no such file');
      writeFileSync(join(directory.path, 'broken.yaml'), 'kind: [');
      expect(await refusal('broken.yaml')).to.match(/broken\.yaml:\d+: /);
    });

    it('in a read-only directory: says so, and how to choose another', async function () {
      const readOnly = join(directory.path, 'read-only');
      mkdirSync(readOnly);
      const script = `mount -t tmpfs -o ro none '${readOnly}' && cd '${readOnly}' && exec "$@"`;
      const inNamespace = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh'];
      if (spawnSync(inNamespace[0]!, [...inNamespace.slice(1), 'true']).status !== 0) {
        console.log('      skipped: no mount namespace can be made here');
        this.skip();
      }
      await using process = new RynxsProcess([...inNamespace, ...RYNXS, 'dev', ...ANY_PORTS], directory.path);
      const { code, stderr } = await process.ended();
      expect(code).to.equal(2);
      expect(stderr).to.include('RYNXS_DATA_DIR').and.include('read-only').and.include('--data-dir');
    });

    it('with settings that are wrong: lists them all', async () => {
      const { code, stderr } = await runRynxs(['dev', ...ANY_PORTS], directory.path, {
        LOG_LEVEL: 'loud',
        RYNXS_WORKERS: 'many',
      });
      expect(code).to.equal(2);
      expect(stderr).to.include('LOG_LEVEL').and.include('RYNXS_WORKERS');
    });
  });
});
