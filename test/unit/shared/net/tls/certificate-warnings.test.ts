import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkPair } from '#shared/net/tls/certificate-files.ts'
import { openCertificateSource } from '#shared/net/tls/certificate-source.ts'
import { certificateWarnings, WARN_DAYS } from '#shared/net/tls/certificate-warnings.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const DAY_MS = 24 * 3_600_000
const madeMs = Date.parse('2026-01-02T00:00:00Z')
// Valid for ten years.
const endMs = Date.parse('2036-01-02T00:00:00Z')
const pair = makeSelfSigned('mail.example.net', new Date(madeMs))

describe('a certificate that TLS can be served with', () => {
  const warnings = (nowMs: number, hostname = 'mail.example.net') =>
    certificateWarnings(pair, hostname, nowMs)

  it('is right for its name, while it is valid', () => {
    expect(warnings(madeMs)).toEqual([])
    expect(warnings(endMs - (WARN_DAYS + 2) * DAY_MS)).toEqual([])
  })

  it.each([
    [endMs - 5 * DAY_MS, /^it expires on 2036-01-0\d$/],
    [endMs + 2 * DAY_MS, /^it expired on 2036-01-0\d$/],
    [madeMs - 3 * DAY_MS, /^it is valid only from 2026-01-01$/],
  ])('is one clients may refuse at %d', (nowMs, expected) => {
    expect(warnings(nowMs)).toEqual([expect.stringMatching(expected)])
  })

  it('is one clients may refuse under another name', () => {
    expect(warnings(madeMs, 'mx.example.net')).toEqual([
      expect.stringMatching(
        /^it is not for mx\.example\.net \(hostname\), but for DNS:mail\.example/,
      ),
    ])
  })

  it('is told of in the log when the server starts, but not the one it made itself', async () => {
    await using folder = await temporaryFolder()
    const certificateFile = join(folder.path, 'cert.pem')
    const keyFile = join(folder.path, 'key.pem')
    await writeFile(certificateFile, pair.cert)
    await writeFile(keyFile, pair.key)
    const warned: unknown[] = []
    const log = { ...silentLog, warn: (facts: object) => void warned.push(facts) }
    const place = {
      folder: folder.path,
      hostname: 'mx.example.net',
      log,
      now: () => endMs + DAY_MS,
    }
    for (const files of [
      { certificateFile: '', keyFile: '' },
      { certificateFile, keyFile },
    ]) {
      const source = await openCertificateSource({ ...place, ...files })
      source.close()
    }
    expect(warned).toEqual([
      { certificateFile, reason: expect.stringMatching(/^it expired/) },
      { certificateFile, reason: expect.stringMatching(/^it is not for mx/) },
    ])
  })

  it('is told of again once a day, and not after it was closed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    await using folder = await temporaryFolder()
    const { path } = folder
    const [certificateFile, keyFile] = [join(path, 'cert.pem'), join(path, 'key.pem')]
    await writeFile(certificateFile, pair.cert)
    await writeFile(keyFile, pair.key)
    let told = 0
    let nowMs = endMs - 16 * DAY_MS
    const log = { ...silentLog, warn: () => void told++ }
    const hostname = 'mail.example.net'
    const place = { certificateFile, keyFile, folder: path, hostname, log, now: () => nowMs }
    const source = await openCertificateSource(place)
    for (const wanted of [0, 0, 0, 1, 2]) {
      expect(told).toBe(wanted)
      nowMs += DAY_MS
      vi.advanceTimersByTime(DAY_MS)
    }
    source.close()
    vi.advanceTimersByTime(DAY_MS)
    expect(told).toBe(3)
  })
})

describe('a pair that is none', () => {
  const other = makeSelfSigned('mail.example.net', new Date(madeMs))
  // openssl ecparam -name prime256v1 -genkey | openssl ec -aes128 -passout pass:x
  const locked = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,1F4E4F4A0B5E6D7C8B9AAFBECDDCEBFA

AAAA
-----END EC PRIVATE KEY-----
`

  it.each([
    ['a key of another', { cert: pair.cert, key: other.key }, /does not belong .* comes first/],
    ['a key with a passphrase', { cert: pair.cert, key: locked }, /passphrase; store it without/],
    ['no key', { cert: pair.cert, key: pair.cert }, /the key is not PEM/],
    ['no certificate', { cert: 'DER?', key: pair.key }, /the certificate is not PEM/],
  ])('%s says what to do', (_, files, expected) => {
    expect(() => checkPair(files)).toThrow(expected)
  })
})
