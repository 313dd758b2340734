import { createHmac, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatNote, NoteError, type NoteSignature, NoteSigner, NoteVerifier, parseNote } from '../index.js';

// Keys and notes from the documentation and the tests of Go's golang.org/x/mod/sumdb/note, and from C2SP signed-note.
const PETER_PRIVATE = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const FOO = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const FOO_NOTE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

const peter = NoteVerifier.parse(PETER);
const signer = NoteSigner.parse(PETER_PRIVATE);

describe('a signed note', () => {
  it('is signed as by Go', () => {
    expect(formatNote(signer.sign(TEXT))).to.equal(`${TEXT}\n${PETER_LINE}`);
  });

  it('of others is verified by their keys', () => {
    const note = parseNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`);
    expect(note.text).to.equal(TEXT);
    expect(note.signatures.map(({ name, keyId }) => [name, keyId])).to.deep.equal([
      ['PeterNeumann', 0xc74f20a3],
      ['EnochRoot', 0xaf0cfe78],
    ]);
    expect(peter.verify(note)).to.equal(true);
    expect(NoteVerifier.parse(ENOCH).verify(note)).to.equal(true);
    expect(NoteVerifier.parse(FOO).verify(note)).to.equal(false);
    expect(NoteVerifier.parse(FOO).verify(parseNote(FOO_NOTE))).to.equal(true);
  });

  it('is verified under another name of the key, and under none that no key can have', () => {
    const note = signer.named('another').sign(TEXT);
    expect(peter.verify(note)).to.equal(false);
    expect(peter.verifyAs('another', note)).to.equal(true);
    expect(peter.verifyAs('a third', note)).to.equal(false);
    expect(peter.verifyAs('', note)).to.equal(false);
  });

  it('may have empty lines in its text', () => {
    const note = signer.sign('\na\n\n\nb\n\n');
    expect(parseNote(formatNote(note))).to.deep.equal(note);
    expect(peter.verify(parseNote(formatNote(note)))).to.equal(true);
  });

  it('does not verify when any character was changed', () => {
    const good = `${TEXT}\n${PETER_LINE}`;
    for (let at = 0; at < good.length; at++) {
      const changed = good.slice(0, at) + String.fromCharCode(good.charCodeAt(at) ^ 1) + good.slice(at + 1);
      let verified = false;
      try {
        verified = peter.verify(parseNote(changed));
      } catch (error) {
        expect(error).to.be.instanceOf(NoteError);
      }
      expect(verified, JSON.stringify(changed)).to.equal(false);
    }
  });

  it('goes by the first of several signatures of the same key, as Go does', () => {
    const bad = { ...signer.sign('other\n').signatures[0]! };
    const note = signer.sign(TEXT);
    expect(peter.verify({ text: TEXT, signatures: [bad] })).to.equal(false);
    expect(peter.verify({ text: TEXT, signatures: [bad, ...note.signatures] })).to.equal(false);
    expect(peter.verify({ text: TEXT, signatures: [...note.signatures, bad] })).to.equal(true);
    const short = { ...bad, signature: new Uint8Array(1) };
    expect(peter.verify({ text: TEXT, signatures: [short] })).to.equal(false);
  });

  it('keeps signatures of unknown keys and types, in their order', () => {
    const others = `— witness.example ${Buffer.alloc(3_000, 7).toString('base64')}\n— witness.example AAAAAQI=\n`;
    const text = `${TEXT}\n${others}${PETER_LINE}${others}`;
    expect(formatNote(parseNote(text))).to.equal(text);
  });

  it('gets a new signature at the end, in place of one of the same key', () => {
    const note = parseNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`);
    expect(formatNote(signer.addTo(note))).to.equal(`${TEXT}\n${ENOCH_LINE}${PETER_LINE}`);
    const renamed = signer.named('rynxs.log/1').addTo(note);
    expect(renamed.signatures.map(({ name }) => name)).to.deep.equal([
      'PeterNeumann',
      'EnochRoot',
      'rynxs.log/1',
    ]);
  });

  it('reads back as it was', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[\p{White_Space}\p{Cc}+]/u.test(text));
    const signature = fc.record({
      name,
      keyId: fc.nat({ max: 0xffffffff }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    });
    const text = fc
      .array(fc.string({ unit: 'grapheme' }))
      .map((lines) => `${lines.join('\n').replace(/[^\P{Cc}\n]/gu, '')}\n`);
    fc.assert(
      fc.property(text, fc.array(signature, { minLength: 1, maxLength: 5 }), (value, signatures) => {
        expect(parseNote(formatNote({ text: value, signatures }))).to.deep.equal({ text: value, signatures });
      }),
    );
  });

  it('has at most 100 signatures', () => {
    expect(parseNote(`${TEXT}\n${PETER_LINE.repeat(100)}`).signatures).to.have.length(100);
    expect(() => parseNote(`${TEXT}\n${PETER_LINE.repeat(101)}`)).to.throw(NoteError, '101 signatures');
    const signatures = Array.from({ length: 101 }, () => signer.sign(TEXT).signatures[0]!);
    expect(() => formatNote({ text: TEXT, signatures })).to.throw(NoteError, '101');
  });

  const malformed: readonly (readonly [what: string, text: string, message: string])[] = [
    ['nothing', '', 'no empty line'],
    ['no signatures', TEXT, 'no empty line'],
    ['an empty line alone', `${TEXT}\n`, 'no signature'],
    ['no LF at the end', `${TEXT}\n${PETER_LINE.slice(0, -1)}`, 'line 4 does not end with LF'],
    ['a control character', `a\n\u0001${TEXT}\n${PETER_LINE}`, 'line 2 has the control character U+0001'],
    ['a carriage return', `a\r\n\n${PETER_LINE}`, 'U+000D'],
    ['a lone surrogate', `a\ud800\n\n${PETER_LINE}`, 'surrogate'],
    [
      'a name with a space',
      `${TEXT}\n${PETER_LINE.replace('PeterN', 'Peter N')}`,
      'line 4: the signature is not base64',
    ],
    [
      'a name with a wide space',
      `${TEXT}\n${PETER_LINE.replace('PeterN', 'Peter\u3000N')}`,
      'line 4 does not name',
    ],
    ['a name with a plus', `${TEXT}\n${PETER_LINE.replace('PeterN', 'Peter+N')}`, 'line 4 does not name'],
    ['no name', `${TEXT}\n— AAAAAAAA\n`, 'line 4 does not name'],
    ['an empty name', `${TEXT}\n—  AAAAAAAA\n`, 'line 4 does not name'],
    ['another line among signatures', `${TEXT}\n${PETER_LINE}more\n`, 'line 5 is not a signature'],
    ['a hyphen for the dash', `${TEXT}\n${PETER_LINE.replace('—', '-')}`, 'line 4 is not a signature'],
    ['a signature that is no base64', `${TEXT}\n— a !!!!!!!!\n`, 'line 4: the signature is not base64'],
    ['a signature with stray bits', `${TEXT}\n— a AAAAAAB=\n`, 'line 4: the signature is not base64'],
    ['a signature without padding', `${TEXT}\n— a AAAAAAA\n`, 'line 4: the signature is not base64'],
    ['a key id alone', `${TEXT}\n— a AAAAAA==\n`, 'line 4: the signature is too short'],
  ];
  for (const [what, text, message] of malformed) {
    it(`is refused with ${what}`, () => {
      expect(() => parseNote(text)).to.throw(NoteError, message);
    });
  }

  const signature: NoteSignature = { name: 'a', keyId: 1, signature: Buffer.of(1) };
  const unwritable: readonly (readonly [
    what: string,
    note: Parameters<typeof formatNote>[0],
    message: string,
  ])[] = [
    ['no signature', { text: TEXT, signatures: [] }, 'at least one'],
    ['text without LF', { text: 'a', signatures: [signature] }, 'ends with LF'],
    ['no text', { text: '', signatures: [signature] }, 'ends with LF'],
    ['control characters', { text: 'a\tb\n', signatures: [signature] }, 'U+0009'],
    ['a bad name', { text: 'a\n', signatures: [{ ...signature, name: 'a b' }] }, 'cannot name'],
    [
      'an empty signature',
      { text: 'a\n', signatures: [{ ...signature, signature: Buffer.of() }] },
      'is empty',
    ],
  ];
  for (const [what, note, message] of unwritable) {
    it(`is not written with ${what}`, () => {
      expect(() => formatNote(note)).to.throw(NoteError, message);
    });
  }

  it('is not signed without LF at the end of its text', () => {
    expect(() => signer.sign('a')).to.throw(NoteError, 'ends with LF');
  });
});

describe('a verifier key', () => {
  it('reads and writes as by Go', () => {
    for (const vkey of [PETER, ENOCH, FOO]) expect(String(NoteVerifier.parse(vkey))).to.equal(vkey);
    expect(String(NoteVerifier.parse(` ${PETER}\n`))).to.equal(PETER);
    expect(peter).to.include({ name: 'PeterNeumann', keyId: 0xc74f20a3 });
    expect(peter.publicKey).to.have.length(32);
    expect(String(signer.verifier)).to.equal(PETER);
  });

  it('has another id under another name, and is the same key', () => {
    const renamed = signer.named('rynxs.log/x');
    const verifier = peter.named('rynxs.log/x');
    expect(verifier.keyId).not.to.equal(peter.keyId);
    expect(String(renamed.verifier)).to.equal(String(verifier));
    expect(verifier.verify(renamed.sign(TEXT))).to.equal(true);
    expect(peter.verify(renamed.sign(TEXT))).to.equal(false);
    expect(String(verifier.named('PeterNeumann'))).to.equal(PETER);
  });

  it('is refused when any part is missing or changed', () => {
    for (let start = 0; start <= PETER.length; start++) {
      for (let end = start; end <= PETER.length; end++) {
        if (end - start === PETER.length) continue;
        expect(() => NoteVerifier.parse(PETER.slice(start, end)), PETER.slice(start, end)).to.throw(
          NoteError,
        );
      }
    }
    for (let at = 0; at < PETER.length; at++) {
      const changed =
        PETER.slice(0, at) + String.fromCharCode(PETER.charCodeAt(at) + 1) + PETER.slice(at + 1);
      expect(() => NoteVerifier.parse(changed), changed).to.throw(NoteError);
    }
  });

  it('of another length or type is refused, with its own id right', () => {
    const long = 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==';
    expect(() => NoteVerifier.parse(long)).to.throw(NoteError);
    const unknown = 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(() => NoteVerifier.parse(unknown)).to.throw(NoteError, 'type 101');
    expect(() => new NoteVerifier('a', Buffer.alloc(31))).to.throw(NoteError, '32 bytes, not 31');
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb', 'a\ud800', 'a\u0000']) {
      expect(() => peter.named(name), JSON.stringify(name)).to.throw(NoteError, 'cannot name');
    }
  });
});

describe('a private key', () => {
  it('reads and writes as by Go', () => {
    expect(signer.export()).to.equal(PETER_PRIVATE);
    expect(NoteSigner.parse(`${PETER_PRIVATE}\n`).export()).to.equal(PETER_PRIVATE);
  });

  it('is made anew, and reads back as itself', () => {
    const made = NoteSigner.generate('EnochRoot');
    expect(made.export()).not.to.equal(NoteSigner.generate('EnochRoot').export());
    const read = NoteSigner.parse(made.export());
    expect(String(read.verifier)).to.equal(String(made.verifier));
    expect(NoteVerifier.parse(String(made.verifier)).verify(read.sign(TEXT))).to.equal(true);
  });

  it('is refused when any part is missing or changed, without being quoted', () => {
    const refused = (text: string): void => {
      expect(() => NoteSigner.parse(text))
        .to.throw(NoteError)
        .that.satisfies((error: NoteError) => !error.message.includes('AYEKFALV'));
    };
    for (let start = 0; start <= PETER_PRIVATE.length; start++) {
      for (let end = start; end <= PETER_PRIVATE.length; end++) {
        if (end - start < PETER_PRIVATE.length) refused(PETER_PRIVATE.slice(start, end));
      }
    }
    for (let at = 0; at < PETER_PRIVATE.length; at++) {
      const code = PETER_PRIVATE.charCodeAt(at) + 1;
      refused(PETER_PRIVATE.slice(0, at) + String.fromCharCode(code) + PETER_PRIVATE.slice(at + 1));
    }
  });

  it('is read from PEM as by OpenSSL, under the name that it is given', () => {
    // RFC 8410, sections 10.1 and 10.3.
    const pem =
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n';
    const publicKey = Buffer.from('MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=', 'base64');
    const read = NoteSigner.fromPem(pem, 'rynxs');
    expect(read.verifier.name).to.equal('rynxs');
    expect(Buffer.from(read.verifier.publicKey).equals(publicKey.subarray(-32))).to.equal(true);
    expect(NoteSigner.parse(read.export()).verifier.verify(read.sign(TEXT))).to.equal(true);
  });

  it('in PEM is refused when it is of another kind, encrypted or damaged, without being quoted', () => {
    const ed25519 = generateKeyPairSync('ed25519');
    const pem = ed25519.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const refused = [
      generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
      ed25519.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
      ed25519.publicKey.export({ format: 'pem', type: 'spki' }),
      pem.replace('\n', '\nAAAA'),
      pem.slice(0, 60),
    ];
    for (const text of refused) {
      expect(() => NoteSigner.fromPem(text.toString(), 'rynxs'))
        .to.throw(NoteError, 'has to be an Ed25519 key')
        .that.satisfies((error: NoteError) => !error.message.includes(text.toString().split('\n')[1] ?? ''));
    }
  });

  it('shows its secret to nobody but who exports it', () => {
    const secret = Buffer.from(PETER_PRIVATE.slice(-44), 'base64').subarray(1);
    const shown = [
      String(signer),
      JSON.stringify({ signer }),
      inspect(signer, { showHidden: true, depth: 9 }),
      inspect({ signer }),
      inspect(Object.entries(signer)),
      JSON.stringify(structuredClone(Object.assign({}, signer))),
    ];
    for (const text of shown) {
      for (const form of [secret.toString('hex'), secret.toString('base64').slice(2, 40), 'AYEKFALV']) {
        expect(text.toLowerCase()).not.to.include(form.toLowerCase());
      }
    }
    expect(shown[0]).to.equal(`NoteSigner(${PETER})`);
  });

  it('derives secrets by HKDF-SHA256 without salt, the label as info', () => {
    const seed = Buffer.from(PETER_PRIVATE.slice(-44), 'base64').subarray(1);
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(seed).digest();
    const expected = createHmac('sha256', extracted).update('digests').update(Buffer.of(1)).digest();
    expect(signer.derive('digests')).to.deep.equal(expected);
  });

  it('derives a secret for each label, the same under every name', () => {
    const derived = signer.derive('digests');
    expect(derived).to.have.length(32);
    expect(signer.derive('digests').equals(derived)).to.equal(true);
    expect(signer.named('other').derive('digests').equals(derived)).to.equal(true);
    expect(signer.derive('digest').equals(derived)).to.equal(false);
    expect(NoteSigner.generate('PeterNeumann').derive('digests').equals(derived)).to.equal(false);
  });
});
