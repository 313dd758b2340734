import { expect } from 'chai';
import { type Area, accepted, fact, refused } from '../conformance-case.js';
import { configMap, configMaps, leases, MERGE_PATCH } from '../objects.js';

export const REQUESTS: Area = {
  name: 'requests',
  cases: [
    fact('health is told as plain ok', async ({ api }) => {
      for (const path of ['/livez', '/readyz', '/healthz']) {
        const { code, text } = await api.call('GET', path);
        expect(`${code} ${text}`).to.equal('200 ok');
      }
    }),
    fact('the version has its usual form', async ({ api }) => {
      const version = await api.ok('GET', '/version');
      expect(version.gitVersion).to.match(/^v1\.\d+\.\d+/);
      expect(version.major).to.equal('1');
    }),
    fact('a token that is not known is 401', async ({ api }) => {
      refused(
        await api.call('GET', '/api/v1/pods', undefined, { token: 'wrong' }),
        401,
        'Unauthorized',
        'Unauthorized',
      );
    }),
    fact('a resource that a served version does not have is 404 as a Status', async ({ api, namespace }) => {
      const body = refused(
        await api.call('GET', `/api/v1/namespaces/${namespace}/gadgets`),
        404,
        'NotFound',
        'the server could not find the requested resource',
      );
      expect(body.details).to.deep.equal({});
    }),
    fact('a group that nobody serves is 404 in plain text', async ({ api }) => {
      const { code, text, headers } = await api.call('GET', '/apis/nobody.example.org/v1/gadgets');
      expect(code).to.equal(404);
      expect(headers['content-type']).to.match(/^text\/plain/);
      expect(text).to.equal('404 page not found\n');
    }),
    fact('a method that a resource does not have is 405', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', `${configMaps(namespace)}/x`, configMap('x')),
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
      expect(status.details).to.deep.equal({});
      refused(await api.call('PUT', configMaps(namespace), configMap('x')), 405, 'MethodNotAllowed');
    }),
    fact('a format that nobody makes is 406', async ({ api, namespace }) => {
      const headers = { accept: 'application/xml' };
      refused(
        await api.call('GET', configMaps(namespace), undefined, { headers }),
        406,
        'NotAcceptable',
        /^406: Not Acceptable\n\nAvailable representations: application\/json/,
      );
    }),
    fact('the first format of Accept that can be made is made', async ({ api, namespace }) => {
      const headers = { accept: 'application/xml, application/json;q=0.8, */*;q=0.1' };
      const answer = await api.call('GET', configMaps(namespace), undefined, { headers });
      expect(accepted(answer).kind).to.equal('ConfigMapList');
    }),
    fact('a body in a format that nobody reads is 415', async ({ api, namespace }) => {
      refused(
        await api.call('POST', configMaps(namespace), 'x: y', { type: 'text/plain' }),
        415,
        'UnsupportedMediaType',
        /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
      );
    }),
    fact('a body in YAML is read', async ({ api, namespace }) => {
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: "1"}\n';
      const made = await api.call('POST', configMaps(namespace), body, { type: 'application/yaml' });
      expect(accepted(made, 201).data).to.deep.equal({ a: '1' });
    }),
    fact('broken JSON is 400', async ({ api, namespace }) => {
      refused(await api.call('POST', configMaps(namespace), '{"a":'), 400, 'BadRequest');
    }),
    fact('an empty body is 400', async ({ api, namespace }) => {
      refused(await api.call('POST', configMaps(namespace), ''), 400, 'BadRequest');
    }),
    fact('an object of another kind is 400', async ({ api, namespace }) => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'kind' } };
      refused(await api.call('POST', configMaps(namespace), secret), 400, 'BadRequest');
    }),
    fact('an object of another version is 400', async ({ api, namespace }) => {
      const later = { ...configMap('version'), apiVersion: 'v2' };
      refused(await api.call('POST', configMaps(namespace), later), 400, 'BadRequest');
    }),
    fact('kind and version may be left out', async ({ api, namespace }) => {
      const made = accepted(
        await api.call('POST', configMaps(namespace), { metadata: { name: 'bare' } }),
        201,
      );
      expect(made).to.include({ apiVersion: 'v1', kind: 'ConfigMap' });
    }),
    fact('a body that is too large is 413', async ({ api, namespace }) => {
      const { code, body } = await api.call(
        'POST',
        configMaps(namespace),
        configMap('large', { a: 'x'.repeat(3 * 1024 * 1024) }),
      );
      expect(code).to.equal(413);
      expect(body).to.include({ reason: 'RequestEntityTooLarge' });
    }),
    fact('answers are not to be cached, and say when they are JSON', async ({ api, namespace }) => {
      const { headers } = await api.call('GET', configMaps(namespace));
      expect(headers['content-type']).to.equal('application/json');
      expect(headers['cache-control']).to.equal('no-cache, private');
    }),
    fact('a dry run is done but not kept', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const made = accepted(await api.call('POST', `${path}?dryRun=All`, configMap('dry', { a: '1' })), 201);
      expect(made.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
      refused(await api.call('GET', `${path}/dry`), 404, 'NotFound');
      const kept = await api.ok('POST', path, configMap('kept', { a: '1' }));
      const changed = await api.ok('PATCH', `${path}/kept?dryRun=All`, { data: { a: '2' } }, MERGE_PATCH);
      expect(changed.data).to.deep.equal({ a: '2' });
      accepted(await api.call('DELETE', `${path}/kept?dryRun=All`));
      expect(await api.ok('GET', `${path}/kept`)).to.deep.equal(kept);
    }),
    fact('a dry run of conflicting writes is refused as the write would be', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      await api.ok('POST', path, configMap('dry-conflict'));
      refused(await api.call('POST', `${path}?dryRun=All`, configMap('dry-conflict')), 409, 'AlreadyExists');
    }),
    fact('a dry run of another kind is 422', async ({ api, namespace }) => {
      refused(
        await api.call('POST', `${configMaps(namespace)}?dryRun=Some`, configMap('dry-some')),
        422,
        'Invalid',
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
      );
    }),
    fact('a validation of fields that does not exist is 422', async ({ api, namespace }) => {
      refused(
        await api.call('POST', `${configMaps(namespace)}?fieldValidation=Maybe`, configMap('maybe')),
        422,
        'Invalid',
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
      );
    }),
    fact('unknown fields are warned of and dropped', async ({ api, namespace }) => {
      const { headers, body } = await api.call('POST', configMaps(namespace), {
        ...configMap('warn'),
        dta: { a: '1' },
      });
      expect(headers.warning).to.equal('299 - "unknown field \\"dta\\""');
      expect(body).not.to.have.property('dta');
    }),
    fact('unknown fields are refused when strict', async ({ api, namespace }) => {
      refused(
        await api.call('POST', `${configMaps(namespace)}?fieldValidation=Strict`, {
          ...configMap('strict'),
          dta: { a: '1' },
        }),
        400,
        'BadRequest',
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"',
      );
    }),
    fact('unknown fields are not spoken of when ignored', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}?fieldValidation=Ignore`;
      const { code, headers } = await api.call('POST', path, { ...configMap('ignore'), dta: {} });
      expect(code).to.equal(201);
      expect(headers).not.to.have.property('warning');
    }),
    fact('fields that stand twice are refused when strict', async ({ api, namespace }) => {
      const body =
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1"},"data":{"a":"2"}}';
      refused(
        await api.call('POST', `${configMaps(namespace)}?fieldValidation=Strict`, body),
        400,
        'BadRequest',
        /strict decoding error: duplicate field "data"$/,
      );
    }),
    fact('a value of a wrong type is 400 and names the field', async ({ api, namespace }) => {
      refused(
        await api.call('POST', leases(namespace), {
          metadata: { name: 'type' },
          spec: { leaseDurationSeconds: 'long' },
        }),
        400,
        'BadRequest',
        'Lease in version "v1" cannot be handled as a Lease: json: cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32',
      );
    }),
    fact('pretty answers are JSON, too', async ({ api, namespace }) => {
      expect((await api.ok('GET', `${configMaps(namespace)}?pretty=true`)).kind).to.equal('ConfigMapList');
    }),
  ],
};
