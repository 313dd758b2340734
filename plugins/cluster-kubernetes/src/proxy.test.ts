import { expect } from 'chai';
import { type ProxyEnvironment, proxyFor } from './proxy.js';

const PROXY = { HTTPS_PROXY: 'http://proxy:3128' };

/** The proxy for a server, as text. */
const proxyOf = (server: string, environment: ProxyEnvironment, proxyUrl?: string) =>
  proxyFor(new URL(server), proxyUrl, environment)?.href;

describe('proxyFor', () => {
  it('gives the kubeconfig’s, whatever the environment says', () => {
    const environment = { ...PROXY, NO_PROXY: '*' };
    expect(proxyOf('https://k8s:6443', environment, 'socks5://own:1080')).to.equal('socks5://own:1080');
    expect(proxyOf('https://k8s:6443', environment, '')).to.equal(undefined);
  });

  it('gives that of the environment for the scheme of the address', () => {
    const environment = { ...PROXY, HTTP_PROXY: 'http://plain:80', ALL_PROXY: 'http://all:1' };
    expect(proxyOf('https://k8s', environment)).to.equal('http://proxy:3128/');
    expect(proxyOf('http://k8s', environment)).to.equal('http://plain/');
    expect(proxyOf('https://k8s', { https_proxy: 'lower:1' })).to.equal('http://lower:1/');
    expect(proxyOf('https://k8s', { HTTPS_PROXY: '', https_proxy: 'lower:1' })).to.equal('http://lower:1/');
    expect(proxyOf('https://k8s', {})).to.equal(undefined);
  });

  for (const [server, noProxy, isExempt] of [
    ['https://localhost:6443', '', true],
    ['https://127.0.0.7:6443', '', true],
    ['https://[::1]:6443', '', true],
    ['https://k8s.example:6443', '*', true],
    ['https://k8s.example:6443', 'other, k8s.example', true],
    ['https://K8S.example:6443', 'EXAMPLE', true],
    ['https://k8s.example:6443', '.example', true],
    ['https://example:6443', '.example', false],
    ['https://example:6443', '*.example', false],
    ['https://k8s.example:6443', '*.example', true],
    ['https://badexample:6443', 'example', false],
    ['https://k8s.example:6443', 'k8s.example:6443', true],
    ['https://k8s.example:6443', 'k8s.example:443', false],
    ['https://k8s.example', 'k8s.example:443', true],
    ['https://10.96.0.1', '10.96.0.0/12', true],
    ['https://10.112.0.1', '10.96.0.0/12', false],
    ['https://10.96.0.1', '10.96.0.1', true],
    ['https://10.96.0.1', '10.96.0.1:443', true],
    ['https://10.96.0.1', '10.96.0.10', false],
    ['https://[fd00::1]:6443', 'fd00::/64', true],
    ['https://[fd00::1]:6443', 'fd00::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', '[fd00::1]:443', false],
    ['https://k8s.example', '10.0.0.0/8, nonsense/, /8, fd00::/200', false],
  ] as const) {
    it(`is ${isExempt ? 'none' : 'one'} for ${server} with NO_PROXY=${noProxy}`, () => {
      expect(proxyOf(server, { ...PROXY, NO_PROXY: noProxy }) === undefined).to.equal(isExempt);
    });
  }

  for (const [what, url] of [
    ['no URL', 'http://'],
    ['of a kind that is not known', 'ftp://proxy'],
    ['of a kind that is not known', 'socks4://proxy'],
  ] as const) {
    it(`refuses what is ${what}: ${url}`, () => {
      expect(() => proxyOf('https://k8s', {}, url)).to.throw('its proxy-url');
      expect(() => proxyOf('https://k8s', { HTTPS_PROXY: url })).to.throw('HTTPS_PROXY');
    });
  }

  it('does not show the password of what it refuses', () => {
    expect(() => proxyOf('https://k8s', {}, 'ftp://user:secret@proxy'))
      .to.throw()
      .with.property('message')
      .not.contain('secret');
  });
});
