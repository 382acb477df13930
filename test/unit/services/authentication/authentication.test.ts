import { describe, expect, it } from 'vitest'
import {
  type Authenticated,
  type AuthenticationOptions,
  createAuthentication,
} from '#services/authentication/authentication.ts'
import { loadMailauth } from '#services/authentication/signatures.ts'
import { createSpfCheck } from '#services/authentication/spf.ts'
import { createStrangerTest, type SpfResult } from '#shared/contracts/authentication.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { createBudgetedResolver } from '#shared/dns/budgeted-resolver.ts'
import { decorateResolver, type Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { dkimSigned, keyZone } from '#test/support/signed-message.ts'

const mailauth = await loadMailauth()
const hostname = 'mx.example.test'
const queueId = 'q' as QueueId

const options: AuthenticationOptions = {
  hostname,
  authservId: hostname,
  policy: {
    spf: { fail: 'tag', softfail: 'none', permerror: 'none' },
    dkim: { fail: 'none', none: 'none' },
    dmarc: { reject: 'quarantine', quarantine: 'quarantine', none: 'none', permerror: 'tag' },
    overrides: new Map(),
    trustedSealers: new Set(),
  },
}
const refusing = {
  ...options,
  policy: { ...options.policy, dmarc: { ...options.policy.dmarc, reject: 'reject' } },
} as const

const stranger: Origin = {
  listener: 'smtp',
  remoteAddress: '192.0.2.1',
  remotePort: 4711,
  helo: 'out.author.test',
  tls: null,
  account: null,
}

const zone: FakeZone = {
  'author.test': { txt: ['v=spf1 ip4:192.0.2.1 -all'] },
  'out.author.test': { a: ['192.0.2.1'], txt: ['v=spf1 a -all'] },
  '192.0.2.1': { ptr: ['out.author.test'] },
  '_dmarc.author.test': { txt: ['v=DMARC1; p=reject'] },
  ...keyZone('author.test'),
}
const message = 'From: ann@author.test\r\nSubject: a\r\n\r\nHello\r\n'

async function judge(
  text: string,
  {
    sender = 'ann@author.test',
    zone: has = zone,
    origin = stranger,
    spf = undefined as SpfResult | undefined,
    options: given = options as AuthenticationOptions,
    header = text.slice(0, text.indexOf('\r\n\r\n') + 2),
    dnsFor = undefined as (() => Resolver) | undefined,
  } = {},
) {
  const dns = createFakeResolver(has)
  const log = new MemoryLog()
  const records: Authenticated[] = []
  const step = createAuthentication({
    mailauth,
    checkSpf: createSpfCheck({ hostname }),
    dnsFor: dnsFor ?? (() => dns),
    isStranger: createStrangerTest({
      mynetworks: ['127.0.0.0/8'],
      trustedAuthservNetworks: ['198.51.100.0/24'],
    }),
    record: (one) => records.push(one),
    options: given,
    clock: new ManualClock(),
    log,
  })
  const judged = spf && { passed: [], score: 0, spf }
  const arriving = step.begin({ queueId, origin, ...(judged && { judged }) })
  if (arriving === undefined) return undefined
  for (const observer of arriving.rawObservers) {
    observer.push(Buffer.from(text, 'latin1'))
    observer.finish()
  }
  const verdict = await arriving.judge({ envelope: { sender }, header })
  // What is put on top last stands first.
  const edits = verdict.kind === 'accept' ? verdict.edits : []
  const onTop = edits.reduce((above, { field }) => field + above, '')
  return { verdict, onTop, records, questions: dns.questions, log }
}

describe('mail of a stranger', () => {
  it('is told about in one field', async () => {
    const signed = await dkimSigned(message, 'author.test')
    const found = await judge(signed)
    expect(found?.verdict).toMatchObject({ kind: 'accept', found: 'spf=pass dkim=pass dmarc=pass' })
    expect(found?.verdict).not.toHaveProperty('junk')
    expect(found?.onTop).toMatch(
      /^Authentication-Results: mx\.example\.test;\r\n\tspf=pass smtp\.mailfrom=author\.test;\r\n\tdkim=pass header\.d=author\.test .*;\r\n\tdmarc=pass .*;\r\n\tarc=none;\r\n\tiprev=pass \(out\.author\.test\) policy\.iprev=192\.0\.2\.1\r\n$/,
    )
  })

  it('that its author disowns goes into Junk, and says why below the results', async () => {
    const found = await judge(message, { sender: 'x@other.test' })
    expect(found?.verdict).toMatchObject({ kind: 'accept', junk: 'dmarc=fail (p=reject)' })
    expect(found?.onTop).toMatch(
      /^Authentication-Results: [\s\S]*\r\nX-Authentication-Warning: mx\.example\.test: dmarc=fail \(p=reject\)\r\n$/,
    )
  })

  it('is refused where an administrator wants that, in words that name DMARC', async () => {
    const found = await judge(message, { sender: 'x@other.test', options: refusing })
    expect(found?.verdict).toMatchObject({
      kind: 'reject',
      reply: {
        code: 550,
        status: '5.7.1',
        text: 'Message rejected per DMARC policy of author.test: dmarc=fail (p=reject)',
      },
    })
  })

  it('is refused for SPF and DKIM by their own codes (RFC 7372)', async () => {
    const { policy } = options
    const bySpf = {
      ...options,
      policy: { ...policy, spf: { ...policy.spf, fail: 'reject' } },
    } as const
    const has = {
      'y.test': { txt: ['v=spf1 -all exp=why.y.test'] },
      'why.y.test': { txt: ['see\u00e9 %{i}'] },
    }
    const spf = await judge(message, { sender: 'x@y.test', zone: has, options: bySpf })
    expect(spf?.verdict).toMatchObject({ kind: 'reject', reply: { code: 550, status: '5.7.23' } })
    const byDkim = {
      ...options,
      policy: { ...policy, dkim: { ...policy.dkim, none: 'reject' } },
    } as const
    const dkim = await judge(message, { zone: {}, options: byDkim })
    expect(dkim?.verdict).toMatchObject({ kind: 'reject', reply: { code: 550, status: '5.7.20' } })
  })

  it('of a mailing list goes into Junk where it would be refused', async () => {
    const text = `List-Id: <list.other.test>\r\n${message}`
    const found = await judge(text, { sender: 'x@other.test', options: refusing })
    expect(found?.verdict).toMatchObject({ kind: 'accept', junk: 'dmarc=fail (p=reject)' })
    expect(found?.records[0]?.judgement.override).toBe('mailing_list')
  })

  it('whose SPF policy found is not asked about again', async () => {
    const spf: SpfResult = { result: 'pass', identity: 'mailfrom', domain: 'author.test' }
    const found = await judge(message, { spf })
    expect(found?.questions).not.toContain('TXT author.test')
    expect(found?.verdict).toMatchObject({ found: 'spf=pass dkim=none dmarc=pass' })
  })

  it('of the null sender is vouched for by the name in HELO', async () => {
    const found = await judge(message, { sender: '' })
    expect(found?.onTop).toContain('spf=pass smtp.helo=out.author.test;')
    expect(found?.verdict).toMatchObject({ found: 'spf=pass dkim=none dmarc=pass' })
  })

  it.each([
    ['two From fields', `From: evil@bank.test\r\n${message}`],
    ['authors of two domains', message.replace('From: ', 'From: evil@bank.test, ')],
    ['a header that is too long to be judged', `X: ${'x'.repeat(70_000)}\r\n${message}`],
    ['authors that some readers see', message.replace(/ann@\S+/, '<evil@bank.test> <$&>')],
  ])('with %s passes nothing, and is flagged', async (_, text) => {
    const found = await judge(text)
    expect(found?.onTop).toMatch(/\tdmarc=permerror/)
    expect(found?.onTop).toMatch(/\r\nX-Authentication-Warning: .* dmarc not applied/)
  })

  it('without an author passes nothing, and is nothing worse', async () => {
    const found = await judge('Subject: a\r\n\r\nHello\r\n')
    expect(found?.onTop).toMatch(/\tdmarc=none \(no author\)/)
    expect(found?.onTop).not.toContain('X-Authentication-Warning')
    expect(found?.verdict).not.toHaveProperty('junk')
  })

  it('is not judged by an author whom its readers do not see', async () => {
    const header = `From: evil@bank.test\r\n${message.slice(0, message.indexOf('\r\n\r\n') + 2)}`
    const found = await judge(`F\0rom: evil@bank.test\r\n${message}`, { header })
    expect(found?.onTop).toMatch(/\tdmarc=permerror/)
    const inBody = await judge(message.replace('Subject', 'F\0rom: evil@bank.test\r\nX'), {
      header: `${header}From: evil@bank.test\r\n`,
    })
    expect(inBody?.onTop).toMatch(/\tdmarc=permerror/)
  })

  it('is judged by its author though it names servers that never answer', async () => {
    const clock = new ManualClock()
    const slow = decorateResolver(createFakeResolver(zone), ({ name }, ask) =>
      name.endsWith('slow.test') ? new Promise(() => {}) : ask(),
    )
    const budget = { timeLimitMs: 1_000, questionsMax: 300 }
    const signed =
      'DKIM-Signature: v=1; a=rsa-sha256; d=slow.test; s=s; h=from; b=eA==; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\n'
    const judging = judge(`${signed}${message}`, {
      sender: 'x@slow.test',
      dnsFor: () => createBudgetedResolver(slow, { clock, budget }),
    })
    await clock.advance(1_000)
    expect((await judging)?.verdict).toMatchObject({ junk: 'dmarc=fail (p=reject)' })
  })

  it('is taken without a pass while no name server answers', async () => {
    const silent = Object.fromEntries(Object.keys(zone).map((name) => [name, 'failure' as const]))
    const signed = await dkimSigned(message, 'author.test')
    const found = await judge(signed, { zone: silent, options: refusing })
    expect(found?.verdict.kind).toBe('accept')
    expect(found?.verdict).not.toHaveProperty('junk')
    expect(found?.onTop).toMatch(
      /spf=temperror [\s\S]*dkim=temperror [\s\S]*dmarc=temperror [\s\S]*iprev=temperror/,
    )
  })

  it('is told about in the log, and to whoever keeps records', async () => {
    const found = await judge(message, { sender: 'x@other.test' })
    expect(found?.log.lines.map(({ fields }) => fields)).toMatchObject([
      {
        queueId,
        spf: 'none other.test',
        dkim: 'none',
        dmarc: 'fail author.test',
        arc: 'none',
        action: 'quarantine',
      },
    ])
    expect(found?.records).toMatchObject([{ queueId, remoteAddress: '192.0.2.1' }])
  })
})

describe('nothing is asked about mail', () => {
  it.each<[who: string, origin: Partial<Origin>]>([
    ['of a login', { account: { id: 'a', login: 'ann@example.test' } }],
    ['of our networks', { remoteAddress: '127.0.0.1' }],
    ['of a peer that has authenticated it', { remoteAddress: '198.51.100.7' }],
    ['of our own filters', { listener: 'lmtp' }],
    ['of submission', { listener: 'submission' }],
  ])('%s', async (_, origin) => {
    expect(await judge(message, { origin: { ...stranger, ...origin } })).toBeUndefined()
  })
})
