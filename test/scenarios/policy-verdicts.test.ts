// What a restriction decides becomes true: through a real SMTP session, the spool and the queue, up to the mailbox.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Known } from '#services/policy/known.ts'
import { createPolicy } from '#services/policy/policy.ts'
import type { Decision } from '#services/policy/restriction.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { policyLists } from '#test/support/policy-facts.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
let resources: AsyncDisposableStack
let opened: OpenedEmbedded
let pipeline: Pipeline
let log: MemoryLog

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  log = new MemoryLog()
  pipeline = createPipeline(opened.store, clock)
  for (const name of ['ann', 'bob', 'eve']) await pipeline.addAccount(`${name}@example.test`)
})
afterEach(() => resources.disposeAsync())

type Restrictions = {
  readonly client?: (known: Known) => Decision
  readonly recipient?: (known: Known) => Decision
  readonly message?: (known: Known) => Decision
}
const dunno = { kind: 'dunno' } as const

/** A session with a listener whose policy is these restrictions. */
async function session(
  { client = () => dunno, recipient = () => dunno, message = () => dunno }: Restrictions,
  options: Partial<SmtpListenerOptions> = {},
): Promise<SmtpClient> {
  const lists = policyLists({
    connect: [{ name: 'test_client', decide: client }],
    recipient: [{ name: 'test_recipient', decide: recipient }],
    message: [{ name: 'test_message', decide: message }],
  })
  const { directory, settings } = pipeline.backend
  const listener = createSmtpListener(
    { role: 'smtp', address: '127.0.0.1', ...options },
    {
      ...smtpFakes(log),
      spool: pipeline.spool,
      policy: createPolicy({ lists, directory, openDns: openFakeDns(), options: settings, log }),
      clock,
    },
  )
  const { port } = await listener.listen()
  resources.defer(() => listener.close({ graceMs: 0 }))
  return resources.use(await SmtpClient.open(port))
}

const [ann, bob, eve] = ['ann@example.test', 'bob@example.test', 'eve@example.test'] as const

async function send(smtp: SmtpClient, ...recipients: readonly string[]): Promise<string> {
  await smtp.hello()
  await smtp.envelope('s@remote.test', recipients)
  return (await smtp.data('Subject: hello\r\n\r\nbody\r\n')).text
}

const inbox = async (address: string) => {
  // The doorbell is on its way; writes of one process keep their order, so after this one it has arrived.
  await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: 'inbox' } })
  await pipeline.settle()
  return pipeline.inbox(address)
}
const lines = (text: string) =>
  log.lines.filter(({ message }) => message === text).map(({ fields }) => fields)
const queued = () => Array.fromAsync(pipeline.backend.operator.list())
const toBob = ({ recipient }: Known) => recipient?.text === bob

describe('hold', () => {
  const hold: Decision = { kind: 'hold', reason: 'suspicious' }

  it.each([
    ['a client', { client: () => hold }],
    ['a recipient', { recipient: (facts: Known) => (toBob(facts) ? hold : dunno) }],
    ['a message', { message: () => hold }],
  ])(
    'of %s: the message is taken, waits for an operator, and goes on its way when he says so',
    async (_, restrictions) => {
      const text = await send(await session(restrictions), ann, bob)
      expect(text).toMatch(/^250 2\.0\.0 Ok: queued as /)
      expect(await inbox(ann)).toEqual([])
      const [entry, ...more] = await queued()
      expect(more).toEqual([])
      expect(entry?.message).toMatchObject({ state: 'held', reason: 'suspicious' })
      expect(lines('message accepted')).toMatchObject([{ held: 'suspicious' }])
      if (entry === undefined) throw new Error('not in the queue')
      expect(await pipeline.backend.operator.release(entry.message.queueId)).toBe(true)
      expect([await inbox(ann), await inbox(bob)].map(({ length }) => length)).toEqual([1, 1])
      expect(await queued()).toEqual([])
    },
  )
})

describe('discard', () => {
  const discard: Decision = { kind: 'discard' }

  it.each([
    ['client', { client: () => discard }],
    ['recipient', { recipient: (facts: Known) => (toBob(facts) ? discard : dunno) }],
    ['message', { message: () => discard }],
  ])('by the list of the %s: 250, and nobody gets anything', async (name, restrictions) => {
    const text = await send(await session(restrictions), ann, bob, eve)
    expect(text).toMatch(/^250 2\.0\.0 Ok: queued as /)
    for (const address of [ann, bob, eve]) expect(await inbox(address)).toEqual([])
    expect(await queued()).toEqual([])
    expect(lines('message discarded')).toMatchObject([
      { restriction: `test_${name}`, from: 's@remote.test', to: ann, recipients: 3, size: 24 },
    ])
    expect(lines('message accepted')).toEqual([])
    const { items } = await opened.store.objects.list('mail/')
    expect(items).toEqual([])
  })

  it('asks nothing more about its recipients and the message', async () => {
    let asked = 0
    const count = () => {
      asked += 1
      return discard
    }
    await send(await session({ recipient: count, message: count }), ann, bob, eve)
    expect(asked).toBe(1)
  })

  it('of one message does not touch the next of the session', async () => {
    let times = 0
    const smtp = await session({ recipient: () => (++times === 1 ? discard : dunno) })
    await send(smtp, ann)
    await send(smtp, ann)
    expect(await inbox(ann)).toHaveLength(1)
  })

  it('is answered for each recipient by LMTP', async () => {
    const smtp = await session({ message: () => discard }, { role: 'lmtp' })
    await smtp.command('LHLO client.test')
    await smtp.envelope('s@remote.test', [ann, bob])
    await smtp.command('DATA')
    smtp.wire.write('Subject: x\r\n\r\nbody\r\n.\r\n')
    const answers = await smtp.wire.read((bytes) => bytes.toString().split('\r\n').length > 2)
    expect(answers.toString()).toMatch(/^(250 2\.0\.0 Ok: queued as \w+\r\n){2}$/)
    expect(await inbox(ann)).toEqual([])
  })
})

describe('redirect', () => {
  const redirect: Decision = { kind: 'redirect', to: eve }

  it.each([
    ['a recipient', { recipient: (facts: Known) => (toBob(facts) ? redirect : dunno) }],
    ['a message', { message: () => redirect }],
  ])('of %s: another gets it in place of all recipients', async (_, restrictions) => {
    expect(await send(await session(restrictions), ann, bob)).toMatch(/^250 /)
    expect([await inbox(ann), await inbox(bob)]).toEqual([[], []])
    const [message] = await inbox(eve)
    expect(message).toMatch(/^Delivered-To: eve@example\.test\r\n/m)
    expect(lines('message accepted')).toMatchObject([{ to: ann, redirectedTo: eve }])
  })

  it('is answered for each recipient by LMTP, none of whom need take it', async () => {
    let atTheEnd = false
    const smtp = await session(
      {
        recipient: () =>
          atTheEnd ? { kind: 'defer', reply: { code: 452, status: '4.2.2', text: 'full' } } : dunno,
        message() {
          atTheEnd = true
          return redirect
        },
      },
      { role: 'lmtp' },
    )
    await smtp.command('LHLO client.test')
    await smtp.envelope('s@remote.test', [ann, bob])
    await smtp.command('DATA')
    smtp.wire.write('Subject: x\r\n\r\nbody\r\n.\r\n')
    const answers = await smtp.wire.read((bytes) => bytes.toString().split('\r\n').length > 2)
    expect(answers.toString()).toMatch(/^(250 2\.0\.0 Ok: queued as \w+\r\n){2}$/)
    expect(await inbox(eve)).toHaveLength(1)
  })
})

describe('bcc', () => {
  const toEve: Decision = { kind: 'bcc', to: eve }

  it.each([
    ['a client', { client: () => toEve }],
    ['a recipient', { recipient: (facts: Known) => (toBob(facts) ? toEve : dunno) }],
    ['a message', { message: () => toEve }],
  ])(
    'of %s: one more gets it, and whoever sent it hears nothing of him',
    async (_, restrictions) => {
      const smtp = await session(restrictions)
      await smtp.hello()
      await smtp.envelope('s@remote.test', [ann, bob])
      expect((await smtp.data('Subject: hello\r\n\r\nbody\r\n')).code).toBe(250)
      const [entry] = await queued()
      expect(entry?.message.envelope.recipients).toMatchObject([
        { address: ann, notify: [] },
        { address: bob, notify: [] },
        { address: eve, notify: ['NEVER'] },
      ])
      for (const address of [ann, bob, eve]) expect(await inbox(address)).toHaveLength(1)
      expect(lines('message accepted')).toMatchObject([{ recipients: 2, bcc: [eve] }])
    },
  )

  it('of who is a recipient anyhow changes nothing', async () => {
    await send(await session({ client: () => ({ kind: 'bcc', to: ann }) }), ann)
    expect(await inbox(ann)).toHaveLength(1)
  })

  it('goes with a redirected message too', async () => {
    const restrictions = {
      client: () => ({ kind: 'bcc', to: bob }) as const,
      message: () => ({ kind: 'redirect', to: eve }) as const,
    }
    await send(await session(restrictions), ann)
    expect(await inbox(ann)).toEqual([])
    for (const address of [bob, eve]) expect(await inbox(address)).toHaveLength(1)
  })
})

describe('filter', () => {
  const filter = (destination: string): Decision => ({ kind: 'filter', destination })

  it('stands in the queue with the message, the last one that was named', async () => {
    const restrictions = {
      client: () => filter('smtp:[127.0.0.1]:1'),
      recipient: () => filter('smtp:[127.0.0.1]:2'),
      message: () => ({ kind: 'hold', reason: 'to look at it' }) as const,
    }
    await send(await session(restrictions), ann)
    const [entry] = await queued()
    expect(entry?.message.filter).toBe('smtp:[127.0.0.1]:2')
    expect(lines('message accepted')).toMatchObject([{ filter: 'smtp:[127.0.0.1]:2' }])
  })

  it('is not for a redirected message', async () => {
    let isFirst = true
    const restrictions = {
      client: () => filter('smtp:[127.0.0.1]:1'),
      recipient(): Decision {
        const said = isFirst ? ({ kind: 'redirect', to: eve } as const) : dunno
        isFirst = false
        return said
      },
      message: () => ({ kind: 'hold', reason: 'to look at it' }) as const,
    }
    await send(await session(restrictions), ann)
    expect((await queued())[0]?.message.filter).toBeNull()
  })
})

describe('421 and 521', () => {
  it.each([421, 521])('%i ends the connection, at RCPT and after a message', async (code) => {
    const status = code === 421 ? '4.7.0' : '5.7.0'
    const no: Decision = { kind: 'reject', reply: { code, status, text: 'go away' } }
    const atRcpt = await session({ recipient: () => no })
    await atRcpt.hello()
    await atRcpt.command('MAIL FROM:<s@remote.test>')
    expect((await atRcpt.command(`RCPT TO:<${ann}>`)).text).toBe(`${code} ${status} go away`)
    await atRcpt.wire.closed()
    const atTheEnd = await session({ message: () => no })
    expect(await send(atTheEnd, ann)).toBe(`${code} ${status} go away`)
    await atTheEnd.wire.closed()
    expect(await inbox(ann)).toEqual([])
  })
})

describe('prepend', () => {
  it('puts fields before the message: its own, then those of client and recipients, each once', async () => {
    const field = (name: string): Decision => ({ kind: 'prepend', fields: `X-Seen: ${name}\r\n` })
    const restrictions = {
      client: () => field('client'),
      recipient: () => field('recipient'),
      message: () => field('message'),
    }
    await send(await session(restrictions), ann, bob)
    const [message = ''] = await inbox(ann)
    expect(message).toMatch(
      /X-Seen: message\r\nX-Seen: client\r\nX-Seen: recipient\r\nReceived: from client\.test /,
    )
    expect(message.match(/^X-Seen/gm)).toHaveLength(3)
  })
})

describe('warn', () => {
  it('is one line in the log, and the message is taken', async () => {
    const warn = (text: string): Decision => ({ kind: 'warn', text })
    const restrictions = {
      client: () => warn('odd client'),
      recipient: (facts: Known) => (toBob(facts) ? warn('odd recipient') : dunno),
      message: () => warn('odd message'),
    }
    await send(await session(restrictions), ann, bob)
    expect(lines('policy warns')).toMatchObject([
      { warning: 'odd client', to: ann },
      { warning: 'odd recipient', to: bob },
      { warning: 'odd message', to: ann, recipients: 2 },
    ])
    expect(await inbox(ann)).toHaveLength(1)
  })
})

describe('defer and reject', () => {
  it('of a client come at RCPT, of each recipient, with what its restriction says', async () => {
    const reply = { code: 450, status: '4.7.1', text: 'come back' } as const
    const smtp = await session({ client: () => ({ kind: 'defer', reply }) })
    await smtp.hello()
    expect((await smtp.command('MAIL FROM:<s@remote.test>')).code).toBe(250)
    for (const to of [ann, bob]) {
      expect((await smtp.command(`RCPT TO:<${to}>`)).text).toBe('450 4.7.1 come back')
    }
    expect(lines('recipient rejected')).toMatchObject([
      { restriction: 'test_client', to: ann },
      { restriction: 'test_client', to: bob },
    ])
  })

  it('of a message can look at its header', async () => {
    const reply = { code: 554, status: '5.7.1', text: 'no casinos' } as const
    const restrictions: Restrictions = {
      message: ({ message }) =>
        /^Subject: .*casino/im.test(message?.header ?? '') ? { kind: 'reject', reply } : dunno,
    }
    const smtp = await session(restrictions)
    await smtp.hello()
    await smtp.envelope('s@remote.test', ann)
    const refused = await smtp.data('Subject: the casino\r\n\r\nbody\r\n')
    expect(refused.text).toBe('554 5.7.1 no casinos')
    await smtp.envelope('s@remote.test', ann)
    const taken = await smtp.data('Subject: x\r\n\r\nSubject: the casino\r\n')
    expect(taken.code).toBe(250)
    expect(await inbox(ann)).toHaveLength(1)
  })
})

describe('early stages', () => {
  it('are judged once for each transaction', async () => {
    let asked = 0
    const smtp = await session({
      client() {
        asked += 1
        return dunno
      },
    })
    await send(smtp, ann, bob, eve)
    expect(asked).toBe(1)
    await send(smtp, ann)
    expect(asked).toBe(2)
  })
})
