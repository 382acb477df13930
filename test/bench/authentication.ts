// What it costs to authenticate a message: CPU of SPF, DKIM, DMARC and ARC together, with a DNS that answers at once.

import { createAuthentication } from '#services/authentication/authentication.ts'
import { loadMailauth } from '#services/authentication/signatures.ts'
import { createSpfCheck } from '#services/authentication/spf.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { arcSealed, dkimSigned, dkimSignedAs, keyZone } from '#test/support/signed-message.ts'

const MESSAGE_BYTES = 8 * 1024
const WARM_UP = 500
const MESSAGES = 3_000
const CHUNK_BYTES = 64 * 1024

const zone: FakeZone = {
  'author.test': { txt: ['v=spf1 include:out.test a mx -all'], mx: ['10 mx.author.test'] },
  'mx.author.test': { a: ['192.0.2.9'] },
  'out.test': { txt: ['v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.0/28 -all'] },
  '192.0.2.1': { ptr: ['out.author.test'] },
  'out.author.test': { a: ['192.0.2.1'] },
  '_dmarc.author.test': { txt: ['v=DMARC1; p=reject; rua=mailto:a@author.test'] },
  ...keyZone('author.test'),
  ...keyZone('list.test'),
}

type Cost = { readonly what: string; readonly microseconds: number }

async function measureAuthentication(): Promise<readonly Cost[]> {
  const fields = [
    'Received: from a.author.test by out.author.test; Fri, 20 Nov 2026 12:00:00 +0000',
    'From: Ann <ann@author.test>',
    'To: bob@example.test',
    'Subject: what it costs',
    'Date: Fri, 20 Nov 2026 12:00:00 +0000',
    'Message-ID: <1@author.test>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain',
  ]
  const line = 'What a line of a message has in it, on the whole, with  some blanks.\r\n'
  const body = line.repeat(Math.ceil(MESSAGE_BYTES / line.length))
  const plain = `${fields.join('\r\n')}\r\n\r\n${body}`
  const signed = await dkimSigned(plain, 'author.test')
  const simple = await dkimSignedAs(signed, 'author.test')
  const sealed = await arcSealed(signed, 'list.test', 'dmarc=pass header.from=author.test')
  return [
    { what: 'SPF and DMARC, no signature', microseconds: await costOf(plain) },
    { what: 'SPF, DKIM and DMARC', microseconds: await costOf(signed) },
    { what: 'the same, signed twice, in both forms', microseconds: await costOf(simple) },
    { what: 'SPF, DKIM, DMARC and ARC', microseconds: await costOf(sealed) },
  ]
}

async function costOf(message: string): Promise<number> {
  const bytes = Buffer.from(message, 'latin1')
  const step = createAuthentication({
    mailauth: await loadMailauth(),
    checkSpf: createSpfCheck({ hostname: 'mx.example.test' }),
    dnsFor: () => createFakeResolver(zone),
    isStranger: () => true,
    record: () => {},
    options: {
      hostname: 'mx.example.test',
      authservId: 'mx.example.test',
      policy: {
        spf: { fail: 'tag', softfail: 'none', permerror: 'none' },
        dkim: { fail: 'none', none: 'none' },
        dmarc: { reject: 'quarantine', quarantine: 'quarantine', none: 'none', permerror: 'tag' },
        overrides: new Map(),
        trustedSealers: new Set(['list.test']),
      },
    },
    clock: { now: Date.now, sleep: async () => {} },
    log: silentLog,
  })
  const one = async () => {
    const arriving = step.begin({
      queueId: 'q' as QueueId,
      origin: {
        listener: 'smtp',
        remoteAddress: '192.0.2.1',
        remotePort: 4711,
        helo: 'out.author.test',
        tls: null,
        account: null,
      },
    })
    if (arriving === undefined) throw new Error('not a stranger')
    for (const observer of arriving.rawObservers) {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        observer.push(bytes.subarray(at, at + CHUNK_BYTES))
      }
      observer.finish()
    }
    const verdict = await arriving.judge({
      envelope: { sender: 'ann@author.test' },
      header: message.slice(0, message.indexOf('\r\n\r\n') + 2),
    })
    if (verdict.kind !== 'accept' || verdict.junk !== undefined) throw new Error(verdict.found)
  }
  for (let i = 0; i < WARM_UP; i++) await one()
  const before = process.cpuUsage()
  for (let i = 0; i < MESSAGES; i++) await one()
  const { user, system } = process.cpuUsage(before)
  return Math.round((user + system) / MESSAGES)
}

export async function benchAuthentication(): Promise<void> {
  for (const { what, microseconds } of await measureAuthentication()) {
    console.log(`${what}: ${microseconds} µs of CPU for a message of ${MESSAGE_BYTES} bytes`)
  }
}
