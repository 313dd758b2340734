import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { RynxsError, type RynxsErrors, TELEMETRY } from '@rynxs/kernel';
import { startTestKernel, type TestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import metrics, { type PrometheusTelemetry } from './index.js';

const LOOPBACK = { METRICS_HOST: '127.0.0.1', METRICS_PORT: '0', HEALTH_PORT: '0' };

describe('prometheus telemetry', () => {
  const kernels: TestKernel[] = [];

  async function start(env: Readonly<Record<string, string>> = {}): Promise<PrometheusTelemetry> {
    const kernel = await startTestKernel({ plugins: [metrics], env: { ...LOOPBACK, ...env } });
    kernels.push(kernel);
    return kernel.get(TELEMETRY) as PrometheusTelemetry;
  }

  afterEach(async () => {
    for (const kernel of kernels.splice(0)) await kernel.stop();
  });

  async function scrape(telemetry: PrometheusTelemetry): Promise<string> {
    return (await fetch(telemetry.endpoint()!)).text();
  }

  describe('/metrics', () => {
    it('answers in the text format that Prometheus reads', async () => {
      const telemetry = await start();
      const response = await fetch(telemetry.endpoint()!);
      expect(response.status).to.equal(200);
      expect(response.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
      expect(await response.text()).to.match(/^# HELP /m);
    });

    it('tells of the process', async () => {
      const page = await scrape(await start());
      expect(page).to.match(/^process_cpu_seconds_total /m);
      expect(page).to.match(/^process_resident_memory_bytes /m);
      expect(page).to.match(/^nodejs_eventloop_lag_p99_seconds /m);
    });

    it('shows declared label values from the start at 0', async () => {
      const telemetry = await start();
      const labels = ['error_type'];
      const initial = [{ error_type: 'AccessDenied' }, { error_type: 'Other' }];
      telemetry.counter({ name: 'errors_total', help: 'Errors.', labels, initial });
      telemetry.gauge({ name: 'errors_now', help: 'Errors now.', labels, initial });
      telemetry.histogram({ name: 'errors_seconds', help: 'Time.', labels, initial, buckets: [1] });
      const page = await scrape(telemetry);
      expect(page).to.include('errors_total{error_type="AccessDenied"} 0');
      expect(page).to.include('errors_total{error_type="Other"} 0');
      expect(page).to.include('errors_now{error_type="Other"} 0');
      expect(page).to.include('errors_seconds_bucket{le="1",error_type="Other"} 0');
      expect(page).to.include('errors_seconds_count{error_type="AccessDenied"} 0');
    });

    it('shows metrics without labels from the start at 0', async () => {
      const telemetry = await start();
      telemetry.counter({ name: 'puts_total', help: 'Puts.' });
      telemetry.histogram({ name: 'put_seconds', help: 'Time.' });
      const page = await scrape(telemetry);
      expect(page).to.include('\nputs_total 0\n');
      expect(page).to.include('\nput_seconds_count 0\n');
    });

    it('counts, sets and observes', async () => {
      const telemetry = await start();
      const counter = telemetry.counter({ name: 'events_total', help: 'Events.', labels: ['event_type'] });
      counter.add({ event_type: 'AgentObserved' });
      counter.add({ event_type: 'AgentObserved' }, 4);
      telemetry.gauge({ name: 'head_seq', help: 'Head.' }).set(7);
      const histogram = telemetry.histogram({ name: 'append_seconds', help: 'Time.', buckets: [0.1, 1] });
      histogram.observe(0.05);
      histogram.observe(0.5);
      const page = await scrape(telemetry);
      expect(page).to.include('events_total{event_type="AgentObserved"} 5');
      expect(page).to.include('head_seq 7');
      expect(page).to.include('append_seconds_bucket{le="0.1"} 1');
      expect(page).to.include('append_seconds_bucket{le="1"} 2');
      expect(page).to.include('append_seconds_sum 0.55');
    });

    it('asks for ages when it is read, until nobody tells any more', async () => {
      const telemetry = await start();
      const gauge = telemetry.gauge({ name: 'age_seconds', help: 'Age.' });
      let age = 1;
      const reading = telemetry.beforeReading(() => gauge.set(age));
      expect(await scrape(telemetry)).to.include('\nage_seconds 1\n');
      age = 2;
      expect(await scrape(telemetry)).to.include('\nage_seconds 2\n');
      reading[Symbol.dispose]();
      age = 3;
      expect(await scrape(telemetry)).to.include('\nage_seconds 2\n');
    });

    it('gives the same metric again for the same definition', async () => {
      const telemetry = await start();
      const options = { name: 'shared_total', help: 'Shared.' };
      telemetry.counter(options).add();
      telemetry.counter(options).add();
      expect(await scrape(telemetry)).to.include('\nshared_total 2\n');
    });

    it('begins the series of everybody who asks for a metric, and leaves those alone that are there', async () => {
      const telemetry = await start();
      const of = (name: string) => ({ labels: ['controller'], initial: [{ controller: name }] });
      const ask = (name: string) => ({
        passes: telemetry.counter({ name: 'passes_total', help: 'Passes.', ...of(name) }),
        active: telemetry.gauge({ name: 'active', help: 'Active.', ...of(name) }),
        seconds: telemetry.histogram({ name: 'pass_seconds', help: 'Time.', buckets: [1], ...of(name) }),
      });
      const { passes, active, seconds } = ask('agent');
      passes.add({ controller: 'agent' });
      active.set(3, { controller: 'agent' });
      seconds.observe(0.5, { controller: 'agent' });
      ask('session');
      ask('agent');
      const page = await scrape(telemetry);
      for (const line of ['passes_total{controller="agent"} 1', 'active{controller="agent"} 3'])
        expect(page).to.include(line);
      expect(page).to.include('pass_seconds_count{controller="agent"} 1');
      for (const line of ['passes_total{controller="session"} 0', 'active{controller="session"} 0'])
        expect(page).to.include(line);
      expect(page).to.include('pass_seconds_count{controller="session"} 0');
    });

    it('refuses another definition of a name', async () => {
      const telemetry = await start();
      telemetry.counter({ name: 'puts_total', help: 'Puts.', labels: ['bucket'] });
      for (const define of [
        () => telemetry.counter({ name: 'puts_total', help: 'Other words.', labels: ['bucket'] }),
        () => telemetry.counter({ name: 'puts_total', help: 'Puts.', labels: ['key'] }),
        () => telemetry.gauge({ name: 'puts_total', help: 'Puts.', labels: ['bucket'] }),
      ]) {
        expect(define).to.throw(RynxsError).with.property('code', 'RYNXS_METRIC_CONFLICT');
      }
    });

    it('refuses labels other than the declared ones', async () => {
      const telemetry = await start();
      const counter = telemetry.counter({ name: 'puts_total', help: 'Puts.', labels: ['bucket'] });
      expect(() => counter.add()).to.throw('bucket');
      expect(() => counter.add({ bucket: 'a', key: 'b' })).to.throw('key');
    });
  });

  describe('/livez and /readyz', () => {
    it('tell a process that is starting from a ready one, before it has anything to check', async () => {
      const telemetry = await start();
      expect((await fetch(`${telemetry.healthEndpoint()}/livez`)).status).to.equal(200);
      const response = await fetch(`${telemetry.healthEndpoint()}/readyz`);
      expect(response.status).to.equal(503);
      expect(await response.text()).to.equal('[-]started failed: it is starting\nreadyz check failed\n');
    });

    it('name each check, and why one fails', async () => {
      const telemetry = await start();
      telemetry.health({ name: 'event-log', kind: 'ready', check: () => undefined });
      telemetry.health({ name: 'caches', kind: 'ready', check: () => 'agents are not listed yet' });
      const response = await fetch(`${telemetry.healthEndpoint()}/readyz`);
      expect(response.status).to.equal(503);
      expect(await response.text()).to.equal(
        '[+]event-log ok\n[-]caches failed: agents are not listed yet\nreadyz check failed\n',
      );
    });

    it('are told apart: what is not ready may well be alive', async () => {
      const telemetry = await start();
      telemetry.health({ name: 'caches', kind: 'ready', check: () => 'not yet' });
      expect((await fetch(`${telemetry.healthEndpoint()}/livez`)).status).to.equal(200);
      telemetry.health({ name: 'loop', kind: 'live', check: () => 'stuck' });
      expect((await fetch(`${telemetry.healthEndpoint()}/livez`)).status).to.equal(503);
    });

    it('answer for being alive by an answer, and name what else is looked at', async () => {
      const telemetry = await start();
      const livez = async () => (await fetch(`${telemetry.healthEndpoint()}/livez`)).text();
      expect(await livez()).to.equal('[+]ping ok\nlivez check passed\n');
      telemetry.health({ name: 'loop', kind: 'live', check: () => undefined });
      expect(await livez()).to.equal('[+]ping ok\n[+]loop ok\nlivez check passed\n');
    });

    it('take the state of the moment', async () => {
      const telemetry = await start();
      let reason: string | undefined = 'starting';
      telemetry.health({ name: 'caches', kind: 'ready', check: () => reason });
      expect((await fetch(`${telemetry.healthEndpoint()}/readyz`)).status).to.equal(503);
      reason = undefined;
      expect((await fetch(`${telemetry.healthEndpoint()}/readyz`)).status).to.equal(200);
    });

    it('count a check that throws as failed', async () => {
      const telemetry = await start();
      const check = (): string => {
        throw new Error('broken check');
      };
      telemetry.health({ name: 'clumsy', kind: 'live', check });
      const response = await fetch(`${telemetry.healthEndpoint()}/livez`);
      expect(response.status).to.equal(503);
      expect(await response.text()).to.include('[-]clumsy failed: broken check');
    });
  });

  describe('the servers', () => {
    it('keep metrics and health apart', async () => {
      const telemetry = await start();
      expect((await fetch(`${telemetry.healthEndpoint()}/metrics`)).status).to.equal(404);
      expect((await fetch(telemetry.endpoint()!.replace('/metrics', '/livez'))).status).to.equal(404);
    });

    it('serve nothing but reading', async () => {
      const telemetry = await start();
      expect((await fetch(telemetry.endpoint()!, { method: 'POST' })).status).to.equal(405);
      const head = await fetch(telemetry.endpoint()!, { method: 'HEAD' });
      expect(head.status).to.equal(200);
      expect(await head.text()).to.equal('');
    });

    it('say which port is taken, and which variable changes it', async () => {
      await using taken = await listening();
      for (const variable of ['METRICS_PORT', 'HEALTH_PORT']) {
        const failure = await failureOf(start({ [variable]: String(taken.port) }));
        const cause = portError(failure);
        expect(cause.code).to.equal('RYNXS_METRICS_PORT');
        expect(cause.message)
          .to.include(`127.0.0.1:${taken.port}`)
          .and.include('another process listens there');
        expect(cause.remedy).to.include(variable);
      }
    });

    it('give the metrics port back when the health port is taken', async () => {
      await using taken = await listening();
      const metricsPort = await freePort();
      await failureOf(start({ METRICS_PORT: String(metricsPort), HEALTH_PORT: String(taken.port) }));
      const telemetry = await start({ METRICS_PORT: String(metricsPort) });
      expect(telemetry.endpoint()).to.equal(`http://127.0.0.1:${metricsPort}/metrics`);
    });

    it('refuse to share one port', async () => {
      const port = String(await freePort());
      const failure = await failureOf(start({ METRICS_PORT: port, HEALTH_PORT: port }));
      expect(portError(failure).message).to.include('are the same');
    });

    it('are reachable by an address that exists when they listen on all', async () => {
      const telemetry = await start({ METRICS_HOST: '0.0.0.0' });
      expect(telemetry.endpoint()).to.match(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
      expect((await fetch(telemetry.endpoint()!)).status).to.equal(200);
    });

    it('end with the kernel, idle connections too', async () => {
      const telemetry = await start();
      const { hostname, port } = new URL(telemetry.endpoint()!);
      const idle = connect({ host: hostname, port: Number(port) });
      await new Promise((resolve) => idle.once('connect', resolve));
      const ended = new Promise((resolve) => idle.once('close', resolve));
      await kernels[0]!.stop();
      await ended;
      expect(telemetry.endpoint()).to.equal(undefined);
      expect(telemetry.healthEndpoint()).to.equal(undefined);
    });

    it('log where they are', async () => {
      await start();
      const line = kernels[0]!.log.lines.find(({ message }) => message === 'serving metrics and health');
      expect(line?.fields).to.include.keys('metrics', 'health');
    });
  });
});

/** The kernel says which plugin did not start; why is the cause. */
function portError(failure: Error): RynxsError {
  const [startFailed] = (failure as RynxsErrors).errors;
  expect(startFailed).to.include({ code: 'RYNXS_PLUGIN_START_FAILED' });
  expect(startFailed!.cause).to.be.instanceOf(RynxsError);
  return startFailed!.cause as RynxsError;
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it succeeded');
}

async function listening(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

async function freePort(): Promise<number> {
  await using server = await listening();
  return server.port;
}
