// An authority of a test, and certificates of it of every badness (RFC 5280): for other names, out of date, below another authority.

import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import * as der from '#shared/net/tls/der.ts'
import { makePrivateKey, privateKeyPem } from '#shared/net/tls/private-key.ts'

export type Issued = {
  /** PEM. */
  readonly cert: string
  readonly key: string
  readonly x509: X509Certificate
}

export interface Authority {
  readonly cert: string
  readonly key: string
  readonly x509: X509Certificate
  issue(names: readonly string[], options?: IssueOptions): Issued
  /** An authority below this one. */
  issueAuthority(name: string, options?: IssueOptions): Authority
}

export type IssueOptions = {
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** Default: neither. An authority may be one that may not be. */
  readonly isAuthority?: boolean
}

const DAY_MS = 86_400_000

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
} as const

export function createAuthority(name = 'Test Authority'): Authority {
  const key = makePrivateKey()
  return authorityOf(
    make({ subject: name, issuer: name, key, signer: key, isAuthority: true }),
    name,
    key,
  )
}

function authorityOf(cert: string, name: string, key: KeyObject): Authority {
  return {
    cert,
    key: privateKeyPem(key),
    x509: new X509Certificate(cert),
    issue(names, options = {}) {
      const own = makePrivateKey()
      const [subject = 'nobody'] = names
      const issued = make({ ...options, subject, names, issuer: name, key: own, signer: key })
      return { cert: issued, key: privateKeyPem(own), x509: new X509Certificate(issued) }
    },
    issueAuthority(below, options = {}) {
      const own = makePrivateKey()
      const facts = { isAuthority: true, ...options, subject: below, issuer: name }
      return authorityOf(make({ ...facts, key: own, signer: key }), below, own)
    },
  }
}

type Facts = IssueOptions & {
  readonly subject: string
  readonly issuer: string
  readonly key: KeyObject
  readonly signer: KeyObject
  readonly names?: readonly string[]
}

function make(facts: Facts): string {
  const { names = [], isAuthority = false } = facts
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS) } =
    facts
  const spki = createPublicKey(facts.key).export({ type: 'spki', format: 'der' })
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256))
  const extensions = [
    extension(oid.basicConstraints, isAuthority ? der.sequence(der.boolean(true)) : der.sequence()),
    // digitalSignature, or keyCertSign
    extension(
      oid.keyUsage,
      der.bitString(Uint8Array.of(isAuthority ? 0x04 : 0x80), isAuthority ? 2 : 7),
    ),
    extension(oid.subjectKeyIdentifier, der.octetString(createHash('sha1').update(spki).digest())),
    ...(names.length === 0 ? [] : [extension(oid.subjectAltName, altNames(names))]),
  ]
  const body = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(Buffer.concat([Uint8Array.of(0x50), randomBytes(15)])),
    algorithm,
    nameOf(facts.issuer),
    der.sequence(der.time(notBefore), der.time(notAfter)),
    nameOf(facts.subject),
    spki,
    der.explicit(3, der.sequence(...extensions)),
  )
  const signature = sign('sha256', body, facts.signer)
  return pem(der.sequence(body, algorithm, der.bitString(signature)))
}

const nameOf = (name: string) =>
  der.sequence(der.set(der.sequence(der.objectIdentifier(oid.commonName), der.utf8String(name))))

const extension = (name: string, value: der.Der) =>
  der.sequence(der.objectIdentifier(name), der.octetString(value))

/** [2] dNSName */
const altNames = (names: readonly string[]) =>
  der.sequence(...names.map((name) => der.implicit(2, Buffer.from(name))))

function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
