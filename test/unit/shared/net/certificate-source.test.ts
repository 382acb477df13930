import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createServer, type Server } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { openCertificateFiles } from '#shared/net/tls/certificate-files.ts'
import { openCertificateSource } from '#shared/net/tls/certificate-source.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { tlsOptions } from '#shared/net/tls/tls-options.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const now = new Date()
const DAY_MS = 24 * 3_600_000

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}

function changed(source: CertificateSource): Promise<void> {
  return new Promise((resolve) => source.onChange(resolve))
}

describe('makeSelfSigned', () => {
  const { key, cert } = makeSelfSigned('mail.example.net', now)
  const certificate = new X509Certificate(cert)

  it('is valid for the host name, localhost and the loopback addresses', () => {
    expect(certificate.checkHost('mail.example.net')).toBeDefined()
    expect(certificate.checkHost('localhost')).toBeDefined()
    expect(certificate.checkIP('127.0.0.1')).toBeDefined()
    expect(certificate.checkIP('::1')).toBeDefined()
    expect(certificate.checkHost('other.example.net')).toBeUndefined()
  })

  it('is signed with its own key and valid from before now for ten years', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.ca).toBe(false)
    expect(certificate.validFromDate.getTime()).toBeLessThan(now.getTime())
    const years = (certificate.validToDate.getTime() - now.getTime()) / DAY_MS / 365
    expect(years).toBeGreaterThan(9.9)
    expect(years).toBeLessThan(10.1)
  })

  it('writes years from 2050 on in the other notation', () => {
    const later = makeSelfSigned('mail.example.net', new Date('2049-06-01T00:00:00Z'))
    const { validFromDate, validToDate } = new X509Certificate(later.cert)
    expect([validFromDate, validToDate].map((date) => date.toISOString().slice(0, 10))).toEqual([
      '2049-05-31',
      '2059-06-01',
    ])
  })

  it('takes names longer than a common name may be', () => {
    const name = `${'x'.repeat(60)}.${'y'.repeat(60)}.example.net`
    expect(new X509Certificate(makeSelfSigned(name, now).cert).checkHost(name)).toBeDefined()
  })

  it('differs each time', () => {
    const other = makeSelfSigned('mail.example.net', now)
    expect(other.key).not.toBe(key)
    expect(new X509Certificate(other.cert).serialNumber).not.toBe(certificate.serialNumber)
  })
})

describe('openCertificateSource without files', () => {
  const openIn = (folder: string, hostname = 'mail.example.net') =>
    openCertificateSource({ certificateFile: '', keyFile: '', folder, hostname, log: silentLog })

  it('makes a certificate once, with a key that only its owner reads', async () => {
    await using folder = await temporaryFolder()
    const place = join(folder.path, 'tls')
    const first = await openIn(place)
    const again = await openIn(place)
    expect(again.current()).toEqual(first.current())
    const key = await stat(join(place, 'self-signed.key.pem'))
    expect(key.mode & 0o777).toBe(0o600)
    first.close()
    again.close()
  })

  it('makes another when the system got another name or the files are damaged', async () => {
    await using folder = await temporaryFolder()
    const first = await openIn(folder.path)
    first.close()
    const renamed = await openIn(folder.path, 'mx.example.net')
    renamed.close()
    expect(renamed.current().cert).not.toBe(first.current().cert)
    await writeFile(join(folder.path, 'self-signed.key.pem'), '')
    const repaired = await openIn(folder.path, 'mx.example.net')
    repaired.close()
    expect(repaired.current().key).toContain('PRIVATE KEY')
  })

  it('makes another when it has expired', async () => {
    await using folder = await temporaryFolder()
    const old = makeSelfSigned('mail.example.net', new Date('2010-01-01'))
    await writeFile(join(folder.path, 'self-signed.key.pem'), old.key)
    await writeFile(join(folder.path, 'self-signed.cert.pem'), old.cert)
    const source = await openIn(folder.path)
    source.close()
    expect(source.current().cert).not.toBe(old.cert)
  })
})

describe('openCertificateFiles', () => {
  const pairs = [makeSelfSigned('a.example', now), makeSelfSigned('b.example', now)] as const

  /** Opens the first pair; a refusal can be awaited. */
  async function opened(folder: string, times: { debounceMs?: number; recheckMs?: number } = {}) {
    const files = {
      certificateFile: join(folder, 'cert.pem'),
      keyFile: join(folder, 'key.pem'),
    }
    await writeFile(files.certificateFile, pairs[0].cert)
    await writeFile(files.keyFile, pairs[0].key)
    let refuse = () => {}
    const refused = new Promise<void>((resolve) => (refuse = resolve))
    const log: Log = { ...silentLog, warn: () => refuse() }
    const source = await openCertificateFiles({ ...files, log, debounceMs: 20, ...times })
    return { ...files, source, refused }
  }

  it('uses a new pair as soon as both files are there', async () => {
    await using folder = await temporaryFolder()
    const { source, certificateFile, keyFile } = await opened(folder.path)
    const change = changed(source)
    await writeFile(keyFile, pairs[1].key)
    await writeFile(certificateFile, pairs[1].cert)
    await change
    expect(source.current()).toEqual(pairs[1])
    source.close()
  })

  it('follows links that are put in the place of others', async () => {
    await using folder = await temporaryFolder()
    const live = join(folder.path, 'live')
    await mkdir(live)
    for (const [i, pair] of pairs.entries()) {
      await writeFile(join(folder.path, `cert${i}.pem`), pair.cert)
      await writeFile(join(folder.path, `key${i}.pem`), pair.key)
    }
    const link = async (i: number) => {
      for (const name of ['cert', 'key']) {
        await symlink(join(folder.path, `${name}${i}.pem`), join(live, 'new'))
        await rename(join(live, 'new'), join(live, `${name}.pem`))
      }
    }
    await link(0)
    const source = await openCertificateFiles({
      certificateFile: join(live, 'cert.pem'),
      keyFile: join(live, 'key.pem'),
      log: silentLog,
      debounceMs: 20,
    })
    const change = changed(source)
    await link(1)
    await change
    expect(source.current()).toEqual(pairs[1])
    source.close()
  })

  it('keeps the old pair while the new one does not fit, and says so', async () => {
    await using folder = await temporaryFolder()
    const { source, certificateFile, keyFile, refused } = await opened(folder.path)
    await writeFile(certificateFile, pairs[1].cert)
    await refused
    expect(source.current()).toEqual(pairs[0])
    const change = changed(source)
    await writeFile(keyFile, pairs[1].key)
    await change
    expect(source.current()).toEqual(pairs[1])
    source.close()
  })

  it('finds by looking again what the watcher did not see', async () => {
    await using folder = await temporaryFolder()
    const { source, certificateFile, keyFile } = await opened(folder.path, {
      debounceMs: 60_000,
      recheckMs: 20,
    })
    const change = changed(source)
    await writeFile(keyFile, pairs[1].key)
    await writeFile(certificateFile, pairs[1].cert)
    await change
    expect(source.current()).toEqual(pairs[1])
    source.close()
  })

  it('does not open without a pair that fits', async () => {
    await using folder = await temporaryFolder()
    const files = {
      certificateFile: join(folder.path, 'cert.pem'),
      keyFile: join(folder.path, 'key.pem'),
      log: silentLog,
    }
    await expect(openCertificateFiles(files)).rejects.toThrow(/ENOENT/)
    await writeFile(files.certificateFile, pairs[0].cert)
    await writeFile(files.keyFile, pairs[1].key)
    await expect(openCertificateFiles(files)).rejects.toThrow('does not belong')
    await writeFile(files.keyFile, 'not PEM')
    await expect(openCertificateFiles(files)).rejects.toThrow()
    expect(await readFile(files.keyFile, 'utf8')).toBe('not PEM')
  })
})

describe('tlsOptions', () => {
  const pair = makeSelfSigned('mail.example.net', now)
  const source: CertificateSource = { current: () => pair, onChange() {}, close() {} }

  /** Connects to a server with our options; resolves to what the client saw, or rejects. */
  async function meet(
    minVersion: 'TLSv1.2' | 'TLSv1.3',
    client: { maxVersion?: 'TLSv1.1' | 'TLSv1.2'; ciphers?: string } = {},
  ) {
    await using server = createServer(tlsOptions(source, { minVersion }), (socket) => socket.end())
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = portOf(server)
    const socket = connect({
      port,
      host: 'localhost',
      ca: pair.cert,
      minVersion: 'TLSv1',
      ...client,
    })
    await once(socket, 'secureConnect')
    const seen = { authorized: socket.authorized, protocol: socket.getProtocol() }
    socket.destroy()
    return seen
  }

  it('speaks TLS 1.3 and 1.2', async () => {
    expect(await meet('TLSv1.2')).toEqual({ authorized: true, protocol: 'TLSv1.3' })
    expect(await meet('TLSv1.2', { maxVersion: 'TLSv1.2' })).toMatchObject({ protocol: 'TLSv1.2' })
  })

  it('speaks nothing older than the minimum', async () => {
    await expect(meet('TLSv1.3', { maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert|version/i)
    await expect(
      meet('TLSv1.2', { maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow(/alert|version/i)
  })

  it('offers no suite without forward secrecy and authenticated encryption', async () => {
    for (const ciphers of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256', 'AES256-GCM-SHA384'])
      await expect(meet('TLSv1.2', { maxVersion: 'TLSv1.2', ciphers })).rejects.toThrow(/alert/)
  })

  it('lets a session of one listener be resumed on another', async () => {
    const options = tlsOptions(source, { minVersion: 'TLSv1.2' })
    await using first = createServer(options, (socket) => socket.end('x'))
    await using second = createServer(options, (socket) => socket.end('x'))
    for (const server of [first, second]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    const visit = (server: typeof first, session?: Buffer) => {
      const port = portOf(server)
      const socket = connect({
        port,
        host: 'localhost',
        ca: pair.cert,
        ...(session && { session }),
      })
      socket.resume()
      return socket
    }
    const one = visit(first)
    const [session] = await once(one, 'session')
    await once(one, 'close')
    const two = visit(second, session)
    await once(two, 'secureConnect')
    expect(two.isSessionReused()).toBe(true)
    two.destroy()
  })
})
