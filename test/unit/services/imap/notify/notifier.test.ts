import { afterEach, describe, expect, it } from 'vitest'
import { HINT_GATHER_MS } from '#services/imap/config.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

type Fault = {
  /** Reads of folder trees fail. */
  failing: boolean
  /** How many there were. */
  reads: number
}

/** A mail table whose reads of folder trees can fail. */
function faulty(mail: Table, fault: Fault): Table {
  return {
    get: (...given) => mail.get(...given),
    batchGet: (...given) => mail.batchGet(...given),
    queryIndex: (...given) => mail.queryIndex(...given),
    write: (...given) => mail.write(...given),
    transact: (...given) => mail.transact(...given),
    transactGet: (...given) => mail.transactGet(...given),
    batchWrite: (...given) => mail.batchWrite(...given),
    async query(query) {
      const isTree = query.sk !== undefined && 'prefix' in query.sk && query.sk.prefix === 'F#'
      if (isTree) fault.reads++
      if (isTree && fault.failing) throw new TemporaryFailure('the store does not answer')
      return mail.query(query)
    },
  }
}

async function start(clock: Clock = systemClock) {
  const { store, close } = await openEmbedded()
  resources.defer(close)
  const fault: Fault = { failing: false, reads: 0 }
  const { objects, queues, signals, space, tables } = store
  const mail = faulty(tables.mail, fault)
  const broken: Store = {
    objects,
    queues,
    signals,
    space,
    tables: { ...tables, mail },
    [Symbol.asyncDispose]: async () => {},
  }
  const server = await startImapServer({ store: broken, clock })
  resources.defer(server.stop)
  const clients = await Promise.all([ImapClient.login(server.port), ImapClient.login(server.port)])
  resources.defer(() => {
    for (const client of clients) client.close()
  })
  return { fault, watcher: clients[0], other: clients[1] }
}

describe('Notifications', () => {
  // RFC 5465 §5.8
  it('end when the store does not answer, and begin again with the next NOTIFY', async () => {
    const { fault, watcher, other } = await start()
    await watcher.ok('NOTIFY SET (personal (SubscriptionChange))')
    fault.failing = true
    await other.ok('SUBSCRIBE Lists')
    expect(await watcher.line()).toMatch(/^\* OK \[NOTIFICATIONOVERFLOW\] /)
    fault.failing = false
    await watcher.ok('NOTIFY SET (personal (SubscriptionChange))')
    await other.ok('UNSUBSCRIBE Lists')
    expect(await watcher.line()).toBe('* LIST (\\NonExistent) "/" Lists')
  })

  it('that cannot be set leave what was set before', async () => {
    const { fault, watcher, other } = await start()
    await watcher.ok('NOTIFY SET (personal (SubscriptionChange))')
    fault.failing = true
    expect(await watcher.command('NOTIFY SET (personal (MailboxName))')).toMatchObject({
      status: 'NO',
    })
    fault.failing = false
    await other.ok('SUBSCRIBE Lists')
    expect(await watcher.line()).toBe('* LIST (\\NonExistent \\Subscribed) "/" Lists')
  })

  it('tell many changes of a moment after one look', async () => {
    const clock = new ManualClock()
    const { fault, watcher, other } = await start(clock)
    await watcher.ok('NOTIFY SET (personal (SubscriptionChange))')
    const before = fault.reads
    const names = ['List1', 'List2', 'List3']
    for (const name of names) await other.ok(`SUBSCRIBE ${name}`)
    await clock.advance(HINT_GATHER_MS)
    const told: string[] = []
    for (const _ of names) told.push(await watcher.line())
    expect(told).toEqual(names.map((name) => `* LIST (\\NonExistent \\Subscribed) "/" ${name}`))
    expect(fault.reads - before).toBe(1)
  })
})
