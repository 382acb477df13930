import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLists } from '#services/policy/lists.ts'
import { AUTHORS_MAX } from '#services/policy/login-mismatch.ts'
import { createPolicy } from '#services/policy/policy.ts'
import type {
  Judged,
  MessageRequest,
  PolicyVerdict,
  RecipientRequest,
} from '#shared/contracts/policy.ts'
import { createDirectory, type Directory } from '#shared/directory/directory.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { senderLogins } from '#shared/settings/address-kinds.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Settings } from '#shared/settings/table.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const loaded = loadSettings({ environment: {}, overrides: ['policyPreset=open'] })
if (loaded.kind === 'invalid') throw new Error('defaults are not valid')
const defaults = loaded.settings

let opened: OpenedEmbedded
let directory: Directory
const accounts = new Map<string, { readonly id: string; readonly login: string }>()

beforeAll(async () => {
  opened = await openEmbedded()
  directory = createDirectory({
    table: opened.store.tables.directory,
    clock: systemClock,
    settings: {
      ...defaults,
      recipientDelimiter: '+',
      mailboxSizeLimit: 0,
      virtualAliasRecursionLimit: 100,
      lmtpSaveToDetailMailbox: true,
      virtualAliasExpansionLimit: 1_000,
    },
  })
  for (const name of ['example.test', 'catch.test']) await directory.domains.add(domain(name))
  for (const login of ['alice@example.test', 'bob@example.test', 'alice+own@example.test']) {
    const added = await directory.accounts.add({ address: address(login), passwordHash: '' })
    if (added.kind === 'ok') accounts.set(login, { id: added.account.id, login })
  }
  for (const [name, ...targets] of [
    ['info@example.test', 'alice@example.test'],
    ['sales@example.test', 'info@example.test'],
    ['staff@example.test', 'alice@example.test', 'bob@example.test', 'carol@remote.test'],
    ['boss@example.test', 'boss@remote.test'],
    // An account whose mail goes elsewhere is still the owner of its address.
    ['bob@example.test', 'bob@remote.test'],
  ] as const) {
    await directory.aliases.add(address(name), targets.map(address))
  }
  await directory.aliases.add({ local: null, domain: domain('catch.test') }, [
    address('alice@example.test'),
  ])
})
afterAll(() => opened.close())

function domain(text: string): Domain {
  const parsed = parseDomain(text)
  if (!parsed) throw new Error(text)
  return parsed
}

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(text)
  return parsed
}

let expansions = 0
beforeEach(() => {
  expansions = 0
})

function policy(options: Partial<Settings> = {}) {
  const counted: Directory = {
    ...directory,
    expand: (addresses) => {
      expansions += 1
      return directory.expand(addresses)
    },
    reach: (recipient) => {
      expansions += 1
      return directory.reach(recipient)
    },
  }
  const settings = {
    ...defaults,
    accountMessageLimitPerDay: 0,
    accountRecipientLimitPerDay: 0,
    accountByteLimitPerDay: 0,
    ...options,
  }
  const lists = createLists({
    directory: counted,
    accessTables: fakeAccessTables(),
    usage: async () => ({ bytes: 0, messages: 0 }),
    counters: opened.store.tables.counters,
    settings,
    clock: systemClock,
    log: silentLog,
  })
  return createPolicy({
    lists,
    directory: counted,
    openDns: openFakeDns(),
    options: settings,
    log: silentLog,
  })
}

function origin(login: string | null) {
  return {
    listener: login === null ? 'smtp' : 'submission',
    remoteAddress: '203.0.113.5',
    remotePort: 40_001,
    helo: 'client.test',
    tls: null,
    account: login === null ? null : (accounts.get(login) ?? null),
  } as const
}

let messages = 0
function rcpt(login: string | null, sender: string, more: Partial<RecipientRequest> = {}) {
  messages += 1
  return {
    queueId: `Q${messages}` as QueueId,
    origin: origin(login),
    sender,
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient: 'alice@example.test',
    ...more,
  } satisfies RecipientRequest
}

const permit = { kind: 'permit' } as const
const alice = 'alice@example.test'

function notOwned(sender: string, login = alice): PolicyVerdict {
  return {
    kind: 'reject',
    reply: {
      code: 553,
      status: '5.7.1',
      text: `<${sender}>: Sender address rejected: not owned by user ${login}`,
    },
    restriction: 'reject_sender_login_mismatch',
  }
}

describe('reject_sender_login_mismatch', () => {
  it.each([
    '',
    'alice@example.test',
    'Alice@EXAMPLE.test',
    'alice+lists@example.test',
    // Aliases, one and two steps away, with others, with an extension, and the catch-all.
    'info@example.test',
    'info+x@example.test',
    'sales@example.test',
    'staff@example.test',
    'anybody@catch.test',
  ])('lets alice be <%s>', async (sender) => {
    for (const recipient of ['bob@example.test', 'someone@remote.test']) {
      expect(await policy().recipient(rcpt(alice, sender, { recipient }))).toMatchObject(permit)
    }
  })

  it.each([
    'bob@example.test',
    'bob+x@example.test',
    // More exact than an extension of alice's.
    'alice+own@example.test',
    'boss@example.test',
    'nobody@example.test',
    'ceo@remote.test',
  ])('does not let alice be <%s>', async (sender) => {
    for (const recipient of ['bob@example.test', 'someone@remote.test']) {
      const verdict = await policy().recipient(rcpt(alice, sender, { recipient }))
      expect(verdict).toMatchObject(notOwned(sender))
    }
  })

  it('lets an account whose mail is sent on be itself', async () => {
    const bob = 'bob@example.test'
    for (const sender of [bob, 'bob+x@example.test']) {
      expect(await policy().recipient(rcpt(bob, sender))).toMatchObject(permit)
    }
  })

  it('says nothing of who did not log in', async () => {
    for (const sender of ['bob@example.test', 'ceo@remote.test', '']) {
      expect(await policy().recipient(rcpt(null, sender))).toMatchObject(permit)
    }
  })

  it('can be switched off', async () => {
    const off = policy({ smtpdRejectSenderLoginMismatch: false })
    expect(await off.recipient(rcpt(alice, 'ceo@remote.test'))).toMatchObject(permit)
    expect(await off.message(message(alice, ['ceo@remote.test']))).toMatchObject(permit)
  })

  it('looks an alias up once for all recipients of a message', async () => {
    const { recipient } = policy()
    let judged: Judged | undefined
    for (let i = 0; i < 100; i++) {
      const request = rcpt(alice, 'staff@example.test', { ...(judged && { judged }) })
      judged = (await recipient(request)).judged
    }
    expect(expansions).toBe(1)
  })
})

describe('smtpdSenderLoginMaps', () => {
  const granted = (text: string) => {
    const smtpdSenderLoginMaps = senderLogins.parse(text)
    if (!smtpdSenderLoginMaps) throw new Error(text)
    return policy({ smtpdSenderLoginMaps })
  }

  it.each([
    ['ceo@remote.test=alice@example.test', 'ceo@remote.test', permit],
    ['CEO@Remote.test=Alice@example.test', 'ceo+x@remote.test', permit],
    ['ceo@remote.test=bob@example.test, alice@example.test', 'ceo@remote.test', permit],
    ['ceo@remote.test=bob@example.test', 'ceo@remote.test', notOwned('ceo@remote.test')],
    ['@remote.test=alice@example.test', 'ceo@remote.test', permit],
    ['@remote.test=alice@example.test', 'ceo@sub.remote.test', notOwned('ceo@sub.remote.test')],
    ['no-reply@example.test=*', 'no-reply@example.test', permit],
    ['*=alice@example.test', 'ceo@remote.test', permit],
    ['*=bob@example.test', 'ceo@remote.test', notOwned('ceo@remote.test')],
    // What is granted to others does not take away what is one's own.
    ['alice@example.test=bob@example.test', 'alice@example.test', permit],
  ])('%s: <%s>', async (text, sender, verdict) => {
    expect(await granted(text).recipient(rcpt(alice, sender))).toMatchObject(verdict)
  })
})

function message(login: string | null, from: readonly string[], sender: readonly string[] = []) {
  return {
    queueId: 'Q' as QueueId,
    origin: origin(login),
    envelope: {
      sender: '',
      recipients: [],
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
    },
    bytes: 1,
    receivedFields: 0,
    from,
    sender,
  } as const satisfies MessageRequest
}

describe('a message that was delivered here before', () => {
  const again = (deliveredTo: readonly string[] | undefined, ...to: readonly string[]) => {
    const { envelope, ...request } = message(null, [])
    const recipients = to.map((one) => ({ address: one, notify: [], originalRecipient: null }))
    return policy().message({
      ...request,
      envelope: { ...envelope, recipients },
      ...(deliveredTo && { deliveredTo }),
    })
  }

  it('is refused where all its recipients have it, in whatever case they are written', async () => {
    expect(await again(['x@y.test', 'ALICE@example.test'], 'Alice@example.test')).toEqual({
      kind: 'reject',
      restriction: 'delivered_to',
      reply: { code: 554, status: '5.4.6', text: 'mail forwarding loop for Alice@example.test' },
    })
    const both = ['alice@example.test', 'bob@example.test']
    expect((await again(both, ...both)).kind).toBe('reject')
  })

  it('is taken for those that have not', async () => {
    const both = ['alice@example.test', 'bob@example.test']
    expect((await again(['alice@example.test'], ...both)).kind).toBe('permit')
    expect((await again([], 'alice@example.test')).kind).toBe('permit')
    expect((await again(undefined, 'alice@example.test')).kind).toBe('permit')
  })
})

describe('the authors of a message', () => {
  it.each([
    [[], []],
    [['alice@example.test'], []],
    [['Alice+x@example.test', 'info@example.test'], ['staff@example.test']],
  ])('are the login: From %j, Sender %j', async (from, sender) => {
    expect(await policy().message(message(alice, from, sender))).toMatchObject(permit)
  })

  it.each([
    [['ceo@remote.test'], [], 'ceo@remote.test'],
    [['alice@example.test', 'bob@example.test'], [], 'bob@example.test'],
    [['alice@example.test'], ['bob@example.test'], 'bob@example.test'],
    [[''], [], ''],
    [['no address at all'], [], 'no address at all'],
  ])('are not the login: From %j, Sender %j', async (from, sender, foreign) => {
    expect(await policy().message(message(alice, from, sender))).toEqual({
      kind: 'reject',
      reply: {
        code: 550,
        status: '5.7.1',
        text: `<${foreign}>: From or Sender header field rejected: not owned by user ${alice}`,
      },
      restriction: 'reject_sender_login_mismatch',
    })
  })

  it('are so many that nobody looks them up', async () => {
    const from = Array.from({ length: AUTHORS_MAX + 1 }, (_, i) => `alice+${i}@example.test`)
    expect(await policy().message(message(alice, from.slice(1)))).toMatchObject(permit)
    expect(await policy().message(message(alice, from))).toMatchObject({ reply: { code: 550 } })
  })
})

describe('reject_non_fqdn', () => {
  const refused = (status: string) => ({
    reply: { code: 554, status },
    restriction: 'reject_non_fqdn',
  })
  const anybody = { smtpdRejectSenderLoginMismatch: false }

  it('wants full domains of who logged in (RFC 6409 §4.2)', async () => {
    const to = (recipient: string, sender = alice) =>
      policy(anybody).recipient(rcpt(alice, sender, { recipient }))
    expect(await to('bob@host')).toMatchObject(refused('5.1.2'))
    expect(await to('bob@remote.test', 'alice@host')).toMatchObject(refused('5.1.8'))
    expect(await to('bob@remote.test', '')).toMatchObject(permit)
    expect(await to('bob@[192.0.2.1]')).toMatchObject(permit)
    // A name of this host.
    expect(await to('bob@localhost')).not.toMatchObject({ restriction: 'reject_non_fqdn' })
  })

  it('says nothing of others', async () => {
    expect(await policy().recipient(rcpt(null, 'a@host'))).toMatchObject(permit)
  })
})

describe('postmaster without a domain', () => {
  it('is the one of this host, whatever completes other addresses (RFC 5321 §4.5.1)', async () => {
    const postmaster = rcpt(null, '', { recipient: 'postmaster' })
    expect(await policy().recipient(postmaster)).toMatchObject(permit)
    const { recipient } = policy({ myorigin: 'other.test', defaultDomain: 'other.test' })
    expect(await recipient(postmaster)).toMatchObject(permit)
  })
})

describe('permit_mynetworks', () => {
  const trusting = () => policy({ mynetworks: ['203.0.113.0/24'] })
  const remote = { recipient: 'someone@remote.test' }

  it('lets them relay by SMTP, and nobody by LMTP (RFC 2033 §1)', async () => {
    expect(await trusting().recipient(rcpt(null, '', remote))).toMatchObject(permit)
    const lmtp = { ...origin(null), listener: 'lmtp' } as const
    const here = { origin: lmtp, recipient: alice }
    expect(await trusting().recipient(rcpt(null, '', { ...remote, origin: lmtp }))).toMatchObject({
      restriction: 'reject_unauth_destination',
    })
    expect(await trusting().recipient(rcpt(null, '', here))).toMatchObject(permit)
  })
})

describe('hopcount_limit', () => {
  it('is a hundred Received fields at the least (RFC 5321 §6.3)', async () => {
    const after = (receivedFields: number) =>
      policy().message({ ...message(null, []), receivedFields })
    expect(await after(100)).toMatchObject(permit)
    expect(await after(101)).toMatchObject({
      reply: { code: 554, status: '5.4.6' },
      restriction: 'hopcount_limit',
    })
  })
})

describe('message_final_recipient_limit', () => {
  const three = { recipient: 'staff@example.test' }

  it('counts what an alias leads to, and follows it once', async () => {
    const verdict = await policy().recipient(rcpt(null, '', three))
    // alice, bob's own alias to a remote address, carol
    expect(verdict).toMatchObject({ kind: 'permit', prepend: '', finalRecipients: 3 })
    expect(expansions).toBe(1)
    expect(await policy().recipient(rcpt(null, ''))).toMatchObject({ finalRecipients: 1 })
    expect(expansions).toBe(1)
  })

  it('takes what fits and asks for another message for the rest', async () => {
    const { recipient } = policy({ messageFinalRecipientLimit: 10 })
    const full = { kind: 'reject', reply: { code: 452, status: '4.5.3' } }
    const after = (finalRecipientsSoFar: number, more = {}) =>
      recipient(rcpt(null, '', { finalRecipientsSoFar, ...more }))
    expect(await after(7, three)).toMatchObject({ finalRecipients: 3 })
    expect(await after(8, three)).toMatchObject(full)
    expect(await after(9)).toMatchObject({ finalRecipients: 1 })
    expect(await after(10)).toMatchObject(full)
    expansions = 0
    expect(await after(10, three)).toMatchObject(full)
    expect(expansions).toBe(0)
  })

  it('refuses for good what no message could take', async () => {
    const { recipient } = policy({ messageFinalRecipientLimit: 2 })
    expect(await recipient(rcpt(null, '', three))).toMatchObject({
      reply: { code: 554, status: '5.5.3' },
      restriction: 'message_final_recipient_limit',
    })
  })
})
