import { expect } from 'chai';
import { describeConnectionError, errorOfAnswer, errorOfConnection } from './cluster-errors.js';
import { statusObject } from './testing/scripted-server.js';

const SUBJECT = {
  verb: 'create',
  resource: 'deployments.apps',
  object: 'team/web',
  server: 'https://k8s:6443',
};
const NOW = Date.UTC(2026, 0, 1);

function answered(status: number, reason: string, message = 'words', retryAfter?: string, isWrite = true) {
  const body = JSON.stringify(statusObject(status, reason, message));
  return errorOfAnswer({ status, retryAfter, body, isWrite }, SUBJECT, NOW);
}

describe('errors of the API server', () => {
  const cases: readonly [status: number, reason: string, message: string, expected: string][] = [
    [400, 'BadRequest', 'words', 'invalid'],
    [405, 'MethodNotAllowed', 'words', 'invalid'],
    [415, 'UnsupportedMediaType', 'words', 'invalid'],
    [422, 'Invalid', 'words', 'invalid'],
    [401, 'Unauthorized', 'words', 'denied'],
    [403, 'Forbidden', 'User "x" cannot create resource "pods"', 'denied'],
    [403, 'Forbidden', 'pods "x" is forbidden: exceeded quota: q', 'denied'],
    [403, 'Forbidden', 'admission webhook "policy.example" denied the request: no', 'denied'],
    [400, '', 'admission webhook "policy.example" denied the request: no', 'denied'],
    [422, 'Invalid', "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", 'denied'],
    [403, 'Forbidden', 'pods "x" is forbidden: violates PodSecurity "restricted:latest"', 'denied'],
    [404, 'NotFound', 'words', 'missing'],
    [409, 'AlreadyExists', 'words', 'exists'],
    [409, 'Conflict', 'words', 'conflict'],
    [410, 'Expired', 'words', 'gone'],
    [429, 'TooManyRequests', 'words', 'throttled'],
    [500, 'InternalError', 'words', 'unavailable'],
    [503, 'ServiceUnavailable', 'words', 'unavailable'],
  ];
  for (const [status, reason, message, expected] of cases) {
    it(`${status} ${reason} (${message}) is ${expected}`, () => {
      const error = answered(status, reason, message);
      expect(error).to.include({ reason: expected, status });
    });
  }

  it('504 may have done what was asked, unless it was a read', () => {
    expect(answered(504, 'Timeout').reason).to.equal('ambiguous');
    expect(answered(504, 'Timeout', 'words', undefined, false).reason).to.equal('unavailable');
  });

  it('503 with Retry-After is throttled', () => {
    expect(answered(503, 'ServiceUnavailable', 'words', '3')).to.include({
      reason: 'throttled',
      retryAfterMs: 3000,
    });
  });

  it('Retry-After may be a date, may stand in the body, or be missing', () => {
    expect(answered(429, '', 'words', new Date(NOW + 4000).toUTCString()).retryAfterMs).to.equal(4000);
    expect(answered(429, '', 'words', new Date(NOW - 4000).toUTCString()).retryAfterMs).to.equal(0);
    const body = JSON.stringify({ kind: 'Status', details: { retryAfterSeconds: 7 } });
    expect(
      errorOfAnswer({ status: 429, retryAfter: undefined, body, isWrite: true }, SUBJECT, NOW).retryAfterMs,
    ).to.equal(7000);
    expect(answered(429, '').retryAfterMs).to.equal(1000);
  });

  it('name verb, resource, object, server and the server’s own words', () => {
    expect(answered(422, 'Invalid', 'spec.replicas: must be positive').message).to.equal(
      'cannot create deployments.apps team/web at https://k8s:6443: 422 Invalid: spec.replicas: must be positive',
    );
  });

  it('say what to do, before the words of the server, which may be long', () => {
    expect(answered(401, 'Unauthorized').message).to.contain('renew');
    const missing =
      'User "x" cannot create resource "deployments" in API group "apps" in the namespace "team"';
    expect(answered(403, 'Forbidden', missing).message).to.match(
      /allow it with this rule in a Role or ClusterRole: \{apiGroups: \[apps\], resources: \[deployments\], verbs: \[create\]\}\): User "x" cannot/,
    );
    const quota =
      'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1';
    expect(answered(403, 'Forbidden', quota).message)
      .to.contain('raise the ResourceQuota')
      .and.not.contain('Role ');
    expect(answered(403, 'Forbidden', 'for a reason of its own').message).to.match(
      /403 Forbidden: for a reason of its own$/,
    );
    const failing = 'Internal error occurred: failed calling webhook "policy.example": no answer';
    expect(answered(500, 'InternalError', failing).message).to.contain('(mend the webhook');
    const denial = 'admission webhook "policy.example" denied the request: no';
    expect(answered(400, '', denial).message).to.contain('or the policy');
  });

  it('tell a resource that is not served from an object that is not there', () => {
    expect(answered(404, 'NotFound').message).not.to.contain('CustomResourceDefinition');
    const { object: _, ...collection } = { ...SUBJECT, verb: 'list' };
    const answer = { status: 404, retryAfter: undefined, body: '404 page not found', isWrite: false };
    expect(errorOfAnswer(answer, collection, NOW).message).to.contain('install its CustomResourceDefinition');
  });

  it('show a page that is no Status, cut to a bounded length', () => {
    const body = `<html>${'x'.repeat(5000)}`;
    const error = errorOfAnswer({ status: 502, retryAfter: undefined, body, isWrite: true }, SUBJECT, NOW);
    expect(error.reason).to.equal('unavailable');
    expect(error.message).to.contain('<html>').and.to.have.length.below(1200);
  });
});

describe('errors of the connection', () => {
  it('are ambiguous when the request was sent and unavailable when it was not, and keep their cause', () => {
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    expect(errorOfConnection(cause, SUBJECT, true)).to.include({ reason: 'ambiguous', cause });
    expect(errorOfConnection(cause, SUBJECT, false)).to.include({ reason: 'unavailable', cause });
  });

  for (const [code, words] of [
    ['ECONNREFUSED', 'refused'],
    ['ENOTFOUND', 'name is unknown'],
    ['EHOSTUNREACH', 'cannot be reached'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-server-name'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-authority'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'http or https'],
  ] as const) {
    it(`${code} says what to check`, () => {
      expect(describeConnectionError(Object.assign(new Error('text'), { code }))).to.contain(words);
    });
  }
});
