// Which messages leave signed or sealed, and that others find so.

import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { composeOutbound } from '#services/delivery/remote/outbound-form.ts'
import { createKeyRing, KEYS_KNOWN_MS } from '#services/delivery/remote/signing/key-ring.ts'
import { HELD_BYTES_MAX } from '#services/delivery/remote/signing/signed-form.ts'
import { relaxed, signedFields } from '#services/delivery/remote/signing/signed-header.ts'
import { createSigning, type SigningOptions } from '#services/delivery/remote/signing/signing.ts'
import { createProvenance } from '#shared/contracts/own-mail.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import {
  keyRecordText,
  makePrivateKey,
  newSigningKey,
  openPrivateKey,
} from '#shared/directory/signing-key.ts'
import type { SigningKey } from '#shared/directory/signing-keys.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { dkimSettings } from '#shared/settings/table/dkim.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { missingPrograms } from '#test/support/programs.ts'
import {
  arcByMailauth,
  type PublishedKeys,
  verifiedByMailauth,
  verifiedByOpendkim,
} from '#test/support/verified-signatures.ts'

const made = {
  rsa: newSigningKey(await makePrivateKey('rsa'), { selector: 'r', nowMs: 0 }),
  ed25519: newSigningKey(await makePrivateKey('ed25519'), { selector: 'e', nowMs: 0 }),
}
const active = (key: SigningKey): SigningKey => ({ ...key, state: 'active' })
const both = [active(made.ed25519), active(made.rsa)]

const published: PublishedKeys = Object.fromEntries(
  Object.values(made).flatMap((key) =>
    ['ours.test', 'mx.ours.test'].map((domain) => [
      `${key.selector}._domainkey.${domain}`,
      keyRecordText(key),
    ]),
  ),
)

const stranger: Origin = {
  listener: 'smtp',
  remoteAddress: '192.0.2.1',
  remotePort: 1,
  helo: 'x',
  tls: null,
  account: null,
}
const login: Origin = {
  ...stranger,
  listener: 'submission',
  account: { id: 'i', login: 'ann@ours.test' },
}

function signs({
  keys = { 'ours.test': both } as { readonly [domain: string]: readonly SigningKey[] },
  options = {} as Partial<SigningOptions>,
} = {}) {
  const clock = manualClock()
  const log = new MemoryLog()
  let reads = 0
  const ring = createKeyRing({
    clock,
    keys: {
      async of(domain) {
        reads++
        return keys[domain] ?? []
      },
    },
  })
  const signing = createSigning({
    ring,
    provenanceOf: createProvenance({ mynetworks: ['198.51.100.0/24'] }),
    options: {
      hostname: 'mx.ours.test',
      dkimSigning: true,
      arcSealing: true,
      mailAuthentication: true,
      authservIds: ['mx.ours.test'],
      dkimOversignHeaders: dkimSettings.dkimOversignHeaders.facts.default,
      dkimSignHeaders: dkimSettings.dkimSignHeaders.facts.default,
      ...options,
    },
    clock,
    log,
  })
  let opened = 0
  /** As it leaves, byte string. */
  async function leaving(
    text: string,
    {
      origin = login,
      filter = null as string | null,
      forwarder = undefined as string | undefined,
      key = 'k',
      chunkBytes = 7_000,
    } = {},
  ): Promise<string> {
    const bytes = Buffer.from(text, 'latin1')
    const message = {
      queueId: 'Q' as QueueId,
      origin,
      filter,
      object: { key, length: bytes.length, storedFirst: true },
    }
    const step = signing.stepFor(message, { forwarder, lineBytesMax: 998 })
    const source = {
      bytes: bytes.length,
      needs: { smtpUtf8: false, eightBit: false },
      fieldsFor: () => 'Received: by us\r\n',
      async *object() {
        opened++
        for (let at = 0; at < bytes.length; at += chunkBytes)
          yield bytes.subarray(at, at + chunkBytes)
      },
      objectBytes: bytes.length,
    }
    const outbound = composeOutbound(source, step === undefined ? [] : [step])
    const form = await outbound.formFor({ smtpUtf8: false, eightBit: true })
    return Buffer.concat(await Array.fromAsync(form.read())).toString('latin1')
  }
  return { leaving, clock, log, reads: () => reads, opened: () => opened }
}

const message = (from = 'Ann <ann@ours.test>', body = 'Hello\r\n\r\n') =>
  `From: ${from}\r\nTo: bob@there.test\r\nSubject:  folded\r\n\tand  spaced \r\nMIME-Version: 1.0\r\n\r\n${body}`

/** RFC 5321 §2.3.8: with line ends as SMTP has them, whatever they were. */
const asSent = (text: string) => text.replace(/\r\n|\r|\n/g, '\r\n').replace(/(?<!\n)$/, '\r\n')

const selectorsIn = (text: string) =>
  [...text.matchAll(/^DKIM-Signature:[\s\S]*?\ss=(\w+)/gm)].map(([, selector]) => selector)

describe('a message of ours', () => {
  const bodies: readonly (readonly [string, string])[] = [
    ['some text', 'Hello\r\n\r\n'],
    ['nothing', ''],
    ['empty lines only', '\r\n\r\n'],
    ['no line end', 'Hello'],
    ['white space and dots', '.\r\n a  \t b \r\n\t\r\n..\r\n'],
    ['8-bit bytes', 'Gr\xc3\xbc\xc3\x9fe\r\n'],
    ['line ends of other kinds', 'one\ntwo\rthree\r\n\n\r'],
    ['more than is held', 'x'.repeat(70).concat('\r\n').repeat(5_000)],
  ]

  it.each(bodies)('with %s is signed with both keys, as mailauth finds', async (_, body) => {
    const text = await signs().leaving(message(undefined, body))
    expect(await verifiedByMailauth(text, published)).toEqual([
      { domain: 'ours.test', selector: 'r', result: 'pass' },
      { domain: 'ours.test', selector: 'e', result: 'pass' },
    ])
    // In front of all that was there.
    expect(text.slice(text.indexOf('Received:'))).toBe(
      `Received: by us\r\n${asSent(message(undefined, body))}`,
    )
  })

  it.skipIf(missingPrograms().includes('opendkim')).each(bodies)(
    'with %s is signed with both keys, as OpenDKIM finds',
    async (_, body) => {
      const text = await signs().leaving(message(undefined, body))
      expect(await verifiedByOpendkim(text, published)).toEqual(['r ours.test', 'e ours.test'])
    },
  )

  it.each([1, 3, 17])('is the same in chunks of %i bytes', async (chunkBytes) => {
    const { leaving } = signs()
    const text = await leaving(message())
    expect(await signs().leaving(message(), { chunkBytes })).toBe(text)
  })

  it.each([
    ['another author', (text: string) => text.replace('From: Ann', 'From: Eve')],
    ['a second author', (text: string) => `From: Eve <eve@ours.test>\r\n${text}`],
    ['a Reply-To', (text: string) => `Reply-To: eve@there.test\r\n${text}`],
    ['more of a body', (text: string) => `${text}more\r\n`],
  ])('does not pass with %s', async (_, change) => {
    const text = change(await signs().leaving(message()))
    const results = await verifiedByMailauth(text, published)
    expect(results.map(({ result }) => result)).not.toContain('pass')
  })

  it('still passes where a list adds what is its own', async () => {
    const text = await signs().leaving(message())
    const results = await verifiedByMailauth(
      `List-Id: <l.test>\r\nSender: l@l.test\r\nResent-To: x@l.test\r\n${text}`,
      published,
    )
    expect(results.map(({ result }) => result)).toEqual(['pass', 'pass'])
  })

  it.each([
    ['whose author is of a domain below ours', message('ann@deep.sub.ours.test'), ['r', 'e']],
    ['whose author is elsewhere', message('ann@there.test'), []],
    ['whose author is of a domain above ours', message('ann@test'), []],
    ['of authors of two domains', message('ann@ours.test, bob@there.test'), []],
    ['of two authors of ours', message('ann@ours.test, bob@ours.test'), ['r', 'e']],
    ['with two From fields', `From: ann@ours.test\r\n${message()}`, []],
    ['without an author', 'Subject: x\r\n\r\nx\r\n', []],
    ['with a capital in its domain', message('ann@OURS.test'), ['r', 'e']],
  ])('%s is signed by whom it may be', async (_, text, selectors) => {
    expect(selectorsIn(await signs().leaving(text))).toEqual(selectors)
  })

  it.each([
    ['a login', login, ['r', 'e']],
    ['a client of ours', { ...stranger, remoteAddress: '198.51.100.9' }, ['r', 'e']],
    ['us', { ...stranger, listener: 'local' as const }, ['r', 'e']],
    ['a stranger', stranger, []],
    [
      'software of ours, which had it of a stranger',
      { ...stranger, listener: 'lmtp' as const, remoteAddress: '198.51.100.9' },
      [],
    ],
    [
      'a filter, which had it of one of ours',
      { ...stranger, listener: 'reinjection' as const },
      ['r', 'e'],
    ],
  ])('is known by where it came from: %s', async (_, origin, selectors) => {
    expect(selectorsIn(await signs().leaving(message(), { origin }))).toEqual(selectors)
  })

  it('is not signed when a filter had it of a stranger, or nobody could know', async () => {
    const origin = { ...stranger, listener: 'reinjection' as const }
    const seen = `Authentication-Results: mx.ours.test;\r\n\tspf=fail; arc=none\r\n${message()}`
    expect(selectorsIn(await signs().leaving(seen, { origin }))).toEqual([])
    const blind = signs({ options: { mailAuthentication: false } })
    expect(selectorsIn(await blind.leaving(message(), { origin }))).toEqual([])
  })

  it.each([
    ['by LMTP', { ...stranger, listener: 'lmtp' as const }],
    ['from where others look at it', stranger],
  ])('is known to be strange when a filter had it %s', async (_, origin) => {
    const { leaving } = signs()
    const intoFilter = await leaving(message(), { origin, filter: 'smtp:[::1]:10024' })
    expect(intoFilter).toBe(
      `Authentication-Results: mx.ours.test; none\r\nReceived: by us\r\n${message()}`,
    )
    const back = { ...stranger, listener: 'reinjection' as const }
    expect(selectorsIn(await leaving(intoFilter, { origin: back }))).toEqual([])
    // Said once.
    const again = await leaving(intoFilter, { origin, filter: 'smtp:[::1]:10024' })
    expect(again.match(/Authentication-Results/g)).toHaveLength(1)
  })

  it('is not signed on its way into a filter, nor where nobody wants it', async () => {
    expect(selectorsIn(await signs().leaving(message(), { filter: 'smtp:[::1]:25' }))).toEqual([])
    const off = signs({ options: { dkimSigning: false } })
    expect(selectorsIn(await off.leaving(message()))).toEqual([])
  })

  it.each(['waiting', 'retiring', 'revoked'] as const)(
    'is not signed with a key that is %s',
    async (state) => {
      const keys = { 'ours.test': [{ ...made.rsa, state }, active(made.ed25519)] }
      expect(selectorsIn(await signs({ keys }).leaving(message()))).toEqual(['e'])
    },
  )

  it('is sent as it is when a key cannot sign', async () => {
    const { leaving, log } = signs({
      keys: { 'ours.test': [{ ...active(made.ed25519), algorithm: 'rsa' }] },
    })
    expect(await leaving(message())).toBe(`Received: by us\r\n${message()}`)
    expect(log.lines).toContainEqual(expect.objectContaining({ message: 'message not signed' }))
  })

  it('is not sent where its keys cannot be read', async () => {
    const clock = manualClock()
    const ring = createKeyRing({ clock, keys: { of: () => Promise.reject(new Error('store')) } })
    await expect(ring.signersFor('ours.test')).rejects.toThrow('store')
  })

  it('says so in the log', async () => {
    const { leaving, log } = signs()
    await leaving(message())
    expect(log.find('message signed')).toMatchObject({
      queueId: 'Q',
      domain: 'ours.test',
      selectors: ['r', 'e'],
    })
  })

  it('is signed once for all its destinations, and read as often as it is sent', async () => {
    const { leaving, clock, opened } = signs()
    const first = await leaving(message())
    expect(opened()).toBe(1)
    clock.advance(5_000)
    expect(await leaving(message())).toBe(first)
    expect(opened()).toBe(2)
    // Of a large one the second time the header alone is read before.
    const large = message(undefined, 'x\r\n'.repeat(HELD_BYTES_MAX))
    expect(await leaving(large, { key: 'l' })).toBe(await leaving(large, { key: 'l' }))
    expect(opened()).toBe(6)
  })

  it('is signed by the keys of a minute ago at most', async () => {
    const keys: { [domain: string]: SigningKey[] } = {}
    const { leaving, clock, reads } = signs({ keys })
    expect(selectorsIn(await leaving(message()))).toEqual([])
    const before = reads()
    keys['ours.test'] = [...both]
    expect(selectorsIn(await leaving(message()))).toEqual([])
    expect(reads()).toBe(before)
    clock.advance(KEYS_KNOWN_MS)
    expect(selectorsIn(await leaving(message()))).toEqual(['r', 'e'])
  })
})

describe('a message of a stranger that is forwarded', () => {
  const results = (arc: string) =>
    `Authentication-Results: mx.ours.test;\r\n\tspf=pass smtp.mailfrom=there.test;\r\n\tarc=${arc}\r\n`
  const strange = (arc = 'none', more = '') => `${results(arc)}${more}${message('eve@there.test')}`
  const forwarded = { origin: stranger, forwarder: 'ann@ours.test' }

  it('is sealed with what was found, as mailauth finds', async () => {
    const text = await signs().leaving(strange(), forwarded)
    expect(text).toMatch(/^ARC-Seal: i=1; [\s\S]*?cv=none/)
    expect(text).toContain(
      'ARC-Authentication-Results: i=1; mx.ours.test;\r\n\tspf=pass smtp.mailfrom=there.test;\r\n\tarc=none\r\n',
    )
    expect(await arcByMailauth(text, published)).toEqual({ result: 'pass', instance: 1 })
  })

  it('goes on with a chain that passed', async () => {
    const { leaving } = signs()
    const first = await leaving(strange(), forwarded)
    // What the next one of ours would find of it.
    const again = first.replace('Received: by us\r\n', '').replace(results('none'), results('pass'))
    const second = await leaving(again, { ...forwarded, key: 'second' })
    expect(second).toMatch(/^ARC-Seal: i=2; [\s\S]*?cv=pass/)
    expect(await arcByMailauth(second, published)).toEqual({ result: 'pass', instance: 2 })
    const broken = second.replace('Subject:  folded', 'Subject: other')
    expect(await arcByMailauth(broken, published)).toMatchObject({ result: 'fail' })
  })

  it('is sealed as failed where the chain failed, and no more after that', async () => {
    const { leaving } = signs()
    const first = await leaving(strange(), forwarded)
    const again = first.replace(results('none'), results('fail (x)'))
    const failed = await leaving(again, { ...forwarded, key: 'second' })
    expect(failed).toMatch(/^ARC-Seal: i=2; [\s\S]*?cv=fail/)
    expect(await arcByMailauth(failed, published)).toMatchObject({ result: 'fail' })
    // RFC 8617 §5.1.2: the seal of a failed chain covers its own set alone.
    const [seal, ams, aar] = signedFields(failed)
    if (seal === undefined || ams === undefined || aar === undefined) throw new Error('no set')
    const [, unsigned = '', signature = ''] = /^([\s\S]* b=)([\s\S]*)$/.exec(seal.body) ?? []
    const covered = [aar, ams, { ...seal, body: unsigned }].map(relaxed).join('').slice(0, -2)
    const rsa = createPublicKey(openPrivateKey(made.rsa))
    const bytes = Buffer.from(signature, 'base64')
    expect(verify('sha256', Buffer.from(covered, 'latin1'), rsa, bytes)).toBe(true)
    const third = await leaving(failed, { ...forwarded, key: 'third' })
    expect(third.slice(0, 20)).toBe('Received: by us\r\nARC')
  })

  it.each([
    ['it was not looked at', message('eve@there.test')],
    ['others looked at it', strange().replaceAll('mx.ours.test', 'mx.there.test')],
    ['the chain is there and we found none', strange('none', 'ARC-Seal: i=1; cv=none; b=x\r\n')],
    ['we found one that is not there', strange('pass')],
    ['what is said of it is in a comment', strange('x', '').replace('arc=x', 'spf=x (;arc=none)')],
    ['what is said of it is quoted', strange('x', '').replace('arc=x', 'spf=x a.b=";arc=none"')],
  ])('is not sealed where %s', async (_, text) => {
    expect(await signs().leaving(text, forwarded)).toBe(`Received: by us\r\n${text}`)
  })

  it('is sealed by the domain it was written to, or our own', async () => {
    const keys = { 'mx.ours.test': both }
    const text = await signs({ keys }).leaving(strange(), { origin: stranger })
    expect(text).toMatch(/^ARC-Seal:[\s\S]*? d=mx\.ours\.test;/)
    expect(await arcByMailauth(text, published)).toEqual({ result: 'pass', instance: 1 })
    const nobody = await signs({ keys: {} }).leaving(strange(), forwarded)
    expect(nobody).toBe(`Received: by us\r\n${strange()}`)
  })

  it('has a seal of its size, whatever it has in its header', async () => {
    const text = strange('none', 'To: x@y.test\r\n'.repeat(10_000))
    const sealed = await signs().leaving(text, forwarded)
    const set = sealed.slice(0, sealed.indexOf('Received:'))
    expect(set).toMatch(/^ARC-Seal: /)
    expect(set.length).toBeLessThan(5_000)
    expect(await arcByMailauth(sealed, published)).toEqual({ result: 'pass', instance: 1 })
  })

  it('is not sealed where nobody wants it', async () => {
    const off = signs({ options: { arcSealing: false } })
    expect(await off.leaving(strange(), forwarded)).toBe(`Received: by us\r\n${strange()}`)
  })
})
