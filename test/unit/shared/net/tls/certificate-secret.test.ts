import { describe, expect, it } from 'vitest'
import {
  formatCertificateSecret,
  parseCertificateSecret,
} from '#shared/net/tls/certificate-secret.ts'
import { daysLeft } from '#shared/net/tls/days-left.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'

const now = new Date('2026-01-01T00:00:00Z')
const pair = makeSelfSigned('mail.example.test', now)
const other = makeSelfSigned('mail.example.test', now)

describe('parseCertificateSecret', () => {
  it('reads what formatCertificateSecret wrote', () => {
    expect(parseCertificateSecret(formatCertificateSecret(pair))).toEqual({ kind: 'usable', pair })
  })

  it.each([
    ['nothing', ''],
    ['a placeholder', 'q7Z-placeholder'],
    ['another JSON value', '"text"'],
    ['null', 'null'],
    ['no key', JSON.stringify({ certificate: pair.cert })],
    ['a key that is no text', JSON.stringify({ certificate: pair.cert, key: {} })],
    ['a certificate that is none', formatCertificateSecret({ ...pair, cert: 'cert' })],
    ['a key of another certificate', formatCertificateSecret({ ...pair, key: other.key })],
  ])('takes %s for unusable', (_what, text) => {
    expect(parseCertificateSecret(text)).toMatchObject({ kind: 'unusable' })
  })

  it('quotes nothing of the secret', () => {
    const text = formatCertificateSecret({ ...pair, key: 'hush' })
    expect(JSON.stringify(parseCertificateSecret(text))).not.toContain('hush')
    expect(JSON.stringify(parseCertificateSecret('hush'))).not.toContain('hush')
  })
})

describe('daysLeft', () => {
  it('counts to the end of the certificate, and beyond', () => {
    const expires = Date.UTC(2036, 0, 1)
    expect(daysLeft(pair, expires - 12 * 3_600_000)).toBe(0.5)
    expect(daysLeft(pair, expires + 24 * 3_600_000)).toBe(-1)
  })
})
