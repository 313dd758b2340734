import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, accepted, causesOf, fact, refused } from '../conformance-case.js';
import { configMap, configMaps, leases, MERGE_PATCH } from '../objects.js';

const NOW = '2026-01-02T03:04:05.678901Z';

const event = (namespace: string, name: string, change: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: `about-${name}`, namespace },
  reason: 'Tested',
  message: 'It was tested.',
  type: 'Normal',
  source: { component: 'conformance' },
  firstTimestamp: '2026-01-02T03:04:05Z',
  lastTimestamp: '2026-01-02T03:04:05Z',
  count: 1,
  ...change,
});

/** An Event as client libraries of today write it. */
const newEvent = (namespace: string, name: string, change: Json = {}): Json => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: NOW,
  reportingController: 'example.org/conformance',
  reportingInstance: 'one',
  action: 'Test',
  reason: 'Tested',
  type: 'Normal',
  note: 'It was tested.',
  regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: `about-${name}`, namespace },
  ...change,
});

const coreEvents = (namespace: string) => `/api/v1/namespaces/${namespace}/events`;
const newEvents = (namespace: string) => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;

export const KINDS: Area = {
  name: 'Leases and Events',
  cases: [
    fact('a Lease keeps its times to the microsecond', async ({ api, namespace }) => {
      const spec = {
        holderIdentity: 'one',
        leaseDurationSeconds: 15,
        acquireTime: NOW,
        renewTime: NOW,
        leaseTransitions: 0,
      };
      const lease = accepted(
        await api.call('POST', leases(namespace), { metadata: { name: 'times' }, spec }),
        201,
      );
      expect(lease.spec).to.deep.equal(spec);
      expect((await api.ok('GET', `${leases(namespace)}/times`)).spec).to.deep.equal(spec);
    }),
    fact('a Lease is not overwritten without its version', async ({ api, namespace }) => {
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'version' },
        spec: {},
      };
      await api.ok('POST', leases(namespace), lease);
      const status = refused(await api.call('PUT', `${leases(namespace)}/version`, lease), 422, 'Invalid');
      expect(causesOf(status)).to.deep.equal([
        'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      ]);
    }),
    fact('of two that take one Lease, one gets it', async ({ api, namespace }) => {
      const path = `${leases(namespace)}/race`;
      const lease = await api.ok('POST', leases(namespace), { metadata: { name: 'race' }, spec: {} });
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((holderIdentity) =>
          api.call('PUT', path, { ...lease, spec: { holderIdentity } }),
        ),
      );
      expect(answers.map(({ code }) => code).sort()).to.deep.equal([200, 409, 409, 409]);
    }),
    fact('a Lease without a duration that makes sense is refused', async ({ api, namespace }) => {
      const body = { metadata: { name: 'bad' }, spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } };
      const status = refused(await api.call('POST', leases(namespace), body), 422, 'Invalid');
      expect(causesOf(status)).to.have.members([
        'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
        'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
      ]);
    }),
    fact('an Event of core/v1 is shown in events.k8s.io/v1', async ({ api, namespace }) => {
      await api.ok('POST', coreEvents(namespace), event(namespace, 'old'));
      const shown = await api.ok('GET', `${newEvents(namespace)}/old`);
      expect(shown).to.deep.include({
        apiVersion: 'events.k8s.io/v1',
        note: 'It was tested.',
        deprecatedCount: 1,
        deprecatedSource: { component: 'conformance' },
      });
      expect(shown.regarding).to.include({ name: 'about-old' });
    }),
    fact('an Event of events.k8s.io/v1 is shown in core/v1', async ({ api, namespace }) => {
      await api.ok('POST', newEvents(namespace), newEvent(namespace, 'new'));
      const shown = await api.ok('GET', `${coreEvents(namespace)}/new`);
      expect(shown).to.include({
        apiVersion: 'v1',
        message: 'It was tested.',
        eventTime: NOW,
        reportingComponent: 'example.org/conformance',
        reportingInstance: 'one',
        action: 'Test',
      });
      expect(shown.involvedObject).to.include({ name: 'about-new' });
    }),
    fact('an Event must be in the namespace of what it is about', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', coreEvents(namespace), event('elsewhere', 'wrong')),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'involvedObject.namespace: Invalid value: "elsewhere": does not match event.namespace',
      ]);
    }),
    ...(
      [
        ['reportingController', { reportingController: '' }, 'reportingController: Required value'],
        ['reportingInstance', { reportingInstance: '' }, 'reportingInstance: Required value'],
        ['action', { action: '' }, 'action: Required value'],
        ['reason', { reason: '' }, 'reason: Required value'],
        ['type', { type: 'Strange' }, 'type: Invalid value: "": has invalid value: Strange'],
      ] as const
    ).map(([what, change, cause]) =>
      fact(`an Event of events.k8s.io/v1 needs its ${what}`, async ({ api, namespace }) => {
        const status = refused(
          await api.call(
            'POST',
            newEvents(namespace),
            newEvent(namespace, `without-${what.toLowerCase()}`, change),
          ),
          422,
          'Invalid',
        );
        expect(causesOf(status)).to.include(cause);
      }),
    ),
    fact('Events are selected by what they are about', async ({ api, namespace }) => {
      await api.ok('POST', coreEvents(namespace), event(namespace, 'selected'));
      await api.ok('POST', coreEvents(namespace), event(namespace, 'other', { type: 'Warning' }));
      const names = async (selector: string) =>
        (
          await api.ok('GET', `${coreEvents(namespace)}?fieldSelector=${encodeURIComponent(selector)}`)
        ).items.map((each: Json) => each.metadata.name);
      const about = 'involvedObject.kind=ConfigMap,involvedObject.name=about-selected';
      expect(await names(about)).to.deep.equal(['selected']);
      expect(await names('type=Warning')).to.deep.equal(['other']);
    }),
    fact('the count of an Event is raised by a patch', async ({ api, namespace }) => {
      await api.ok('POST', coreEvents(namespace), event(namespace, 'counted'));
      const path = `${coreEvents(namespace)}/counted`;
      const patched = await api.ok(
        'PATCH',
        path,
        { count: 2, lastTimestamp: '2026-01-02T03:05:05Z' },
        MERGE_PATCH,
      );
      expect(patched).to.include({ count: 2, lastTimestamp: '2026-01-02T03:05:05Z' });
    }),
    fact('a ConfigMap takes keys of files only', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', configMaps(namespace), configMap('keys', { 'a/b': '' })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ]);
    }),
    fact('a ConfigMap of more than a mebibyte is refused', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', configMaps(namespace), configMap('large', { a: 'x'.repeat(1024 * 1024 + 1) })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal(['[]: Too long: may not be more than 1048576 bytes']);
    }),
  ],
};
