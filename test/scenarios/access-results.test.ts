// What the results of access tables want becomes true: through a real SMTP session, policy with its lists, and the queue.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { accessKeyOf } from '#shared/directory/access-key.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
let resources: AsyncDisposableStack
let opened: OpenedEmbedded
let pipeline: Pipeline
let log: MemoryLog
let smtp: SmtpClient

const [ann, bob, eve] = ['ann@example.test', 'bob@example.test', 'eve@example.test'] as const

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  log = new MemoryLog()
  pipeline = createPipeline(opened.store, clock, {
    set: [
      'policyPreset=open',
      'mynetworks=',
      'smtpdSenderRestrictions=check_sender_access table:senders',
      'smtpdRecipientRestrictions=check_recipient_access table:recipients',
      'smtpdRestrictionClasses=known={ check_client_access table:clients, reject }',
      'relayDomains=backup.test',
      'relayRecipientMaps=table:people',
    ],
  })
  for (const address of [ann, bob, eve]) await pipeline.addAccount(address)
  const listener = createSmtpListener(
    { role: 'smtp', address: '127.0.0.1' },
    {
      ...smtpFakes(log),
      spool: pipeline.spool,
      policy: assemblePolicy(pipeline.backend, { openDns: openFakeDns() }),
      clock,
    },
  )
  const { port } = await listener.listen()
  resources.defer(() => listener.close({ graceMs: 0 }))
  smtp = resources.use(await SmtpClient.open(port))
  await smtp.hello()
})
afterEach(() => resources.disposeAsync())

const set = (table: string, key: string, result: string) =>
  pipeline.backend.directory.accessEntries.set(table, [{ key: accessKeyOf(key), result }])

async function send(...recipients: readonly string[]): Promise<string> {
  const { code, text } = await smtp.envelope('s@far.test', recipients)
  return code >= 400 ? text : (await smtp.data('Subject: hello\r\n\r\nbody\r\n')).text
}

async function inboxes(): Promise<readonly number[]> {
  // The doorbell is on its way; writes of one process keep their order, so after this one it has arrived.
  await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: 'inbox' } })
  await pipeline.settle()
  const all = await Promise.all([ann, bob, eve].map(pipeline.inbox))
  return all.map(({ length }) => length)
}
const queued = () => Array.fromAsync(pipeline.backend.operator.list())

describe('a result', () => {
  it.each([
    ['OK', [1, 0, 0]],
    ['PREPEND X-Table: yes', [1, 0, 0]],
    ['DISCARD', [0, 0, 0]],
    [`REDIRECT ${eve}`, [0, 0, 1]],
    [`BCC ${eve}`, [1, 0, 1]],
    ['HOLD', [0, 0, 0]],
  ])('%s', async (result, wanted) => {
    await set('senders', 'far.test', result)
    expect(await send(ann)).toMatch(/^250 2\.0\.0 Ok: queued/)
    expect(await inboxes()).toEqual(wanted)
  })

  it('of one recipient is done with the message of all', async () => {
    await set('recipients', bob, 'HOLD look at bob')
    await set('senders', 'far.test', 'PREPEND X-Table: yes')
    await send(ann, bob)
    const [entry] = await queued()
    expect(entry?.message).toMatchObject({ state: 'held', reason: 'look at bob' })
    expect(entry?.message.prepend).toMatch(/^X-Table: yes\r\nReceived: /)
  })

  it('names the filter of a message that waits', async () => {
    await set('senders', 'far.test', 'FILTER smtp:[127.0.0.1]:1')
    await set('recipients', ann, 'HOLD')
    await send(ann)
    expect((await queued())[0]?.message.filter).toBe('smtp:[127.0.0.1]:1')
  })

  it('that refuses says so at RCPT, for whom it is meant', async () => {
    await set('recipients', bob, '550 5.7.2 not for bob')
    expect((await smtp.envelope('s@far.test', [ann, bob])).text).toBe(
      '550 5.7.2 <bob@example.test>: Recipient address rejected: not for bob',
    )
    expect((await smtp.data('Subject: x\r\n\r\n\r\n')).code).toBe(250)
    expect(await inboxes()).toEqual([1, 0, 0])
  })

  it('may be a class, which may ask a further table', async () => {
    await set('senders', 'far.test', 'known')
    const refused = '554 5.7.1 <s@far.test>: Sender address rejected: Access denied'
    expect(await send(ann)).toBe(refused)
    await set('clients', '127.0.0.0/8', 'OK')
    clock.advance(1_000)
    await smtp.command('RSET')
    expect(await send(ann)).toMatch(/^250 /)
  })

  it('that nobody can make anything of is 451, and one line in the log of policy', async () => {
    await set('senders', 'far.test', 'REJEKT')
    expect(await send(ann)).toBe('451 4.3.5 Server configuration error')
  })

  it('of a recipient whose way is said does not let him relay', async () => {
    await set('recipients', 'example.test', 'OK')
    await set('recipients', 'far.test', 'OK')
    for (const to of ['x%far.test@example.test', 'x@far.test', '"x@far.test"@example.test']) {
      expect((await smtp.envelope('s@far.test', to)).code).toBe(554)
      await smtp.command('RSET')
    }
  })
})

describe('a domain that is relayed for', () => {
  it('has its mail queued for its own mail hosts, for those who are there', async () => {
    await set('people', 'ann@backup.test', 'x')
    expect(await send('ann@backup.test')).toMatch(/^250 /)
    await inboxes()
    const [entry] = await queued()
    expect(entry?.groups).toMatchObject([
      {
        destination: { kind: 'remote', slot: 'backup.test' },
        recipients: [{ address: 'ann@backup.test' }],
      },
    ])
    expect(await send('nobody@backup.test')).toBe(
      '550 5.1.1 <nobody@backup.test>: Recipient address rejected: User unknown in relay recipient table',
    )
  })
})
