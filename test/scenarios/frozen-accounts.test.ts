// An account whose password may be in other hands: it sends no more, what it has in the queue waits, it goes on to receive and to read;
// and all of that is undone.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { describeEntry, stateOf } from '#shared/administration/queue-facts.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { HELD_FOR_FROZEN } from '#shared/queue/pipeline.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR = 3_600_000
const [alice, bob] = ['alice@example.test', 'bob@example.test'] as const
const text = 'Subject: hello\r\n\r\nbody\r\n'

let clock: ReturnType<typeof manualClock>
let opened: OpenedEmbedded
let log: MemoryLog
let pipeline: Pipeline
let account: AccountRecord
/** What other hosts say to a recipient, and whom they were sent. */
let answer: (address: string) => DeliveryResult
let sent: string[]

const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }
const later: DeliveryResult = { kind: 'deferred', status: '4.2.0', reply: '450 later' }
const refused: DeliveryResult = { kind: 'failed', status: '5.1.1', reply: '550 unknown' }

beforeEach(async () => {
  clock = manualClock()
  opened = await openEmbedded({ clock })
  log = new MemoryLog()
  answer = () => delivered
  sent = []
  await withSettings()
  account = await pipeline.addAccount(alice)
  await pipeline.addAccount(bob)
})
afterEach(() => opened.close())

async function withSettings(...set: readonly string[]): Promise<void> {
  pipeline = createPipeline(opened.store, clock, {
    set,
    log,
    deliverRemote: async (_message, _hop, recipients, onContact) => {
      onContact({ relay: 'mx.far.test[192.0.2.9]:25', connectMs: 1 })
      sent.push(...recipients.map(({ address }) => address))
      return recipients.map(({ address }) => answer(address))
    },
  })
}

const loggedIn = () => origin({ id: account.id, login: alice })
/** Each later than the one before, so that they are in this order. */
function accept(...recipients: readonly string[]) {
  clock.advance(1_000)
  return pipeline.accept(text, recipients, { origin: loggedIn(), envelope: { sender: alice } })
}
const administration = () => assembleAdministration(pipeline.backend, () => {}).accounts
const queued = async () =>
  (await Array.fromAsync(pipeline.backend.operator.list())).map((entry) => ({
    state: stateOf(entry),
    reason: describeEntry(entry).reason,
    recipients: entry.groups.flatMap(({ recipients }) => recipients.map(({ address }) => address)),
  }))
async function muchLater(): Promise<void> {
  clock.advance(2 * HOUR)
  for (const { groups } of await Array.fromAsync(pipeline.backend.operator.list())) {
    await pipeline.backend.queue.ring(groups)
  }
  await pipeline.settle()
}
const policy = () => assemblePolicy(pipeline.backend)
const askRecipient = () =>
  policy().recipient({
    queueId: pipeline.spool.newQueueId(),
    origin: loggedIn(),
    sender: alice,
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient: bob,
  })
const askMessage = (...recipients: readonly string[]) =>
  policy().message({
    queueId: pipeline.spool.newQueueId(),
    origin: loggedIn(),
    envelope: {
      sender: alice,
      recipients: recipients.map((address) => ({ address, notify: [], originalRecipient: null })),
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
    },
    bytes: 100,
    receivedFields: 0,
    from: [],
    sender: [],
  })
const suspended = {
  kind: 'reject',
  reply: {
    code: 550,
    status: '5.7.1',
    text: 'Sending from this account is suspended, receiving is not; ask the administrator',
  },
}

describe('a frozen account', () => {
  it('is told so when it sends, whatever session it has, until it is unfrozen', async () => {
    expect(await askRecipient()).toMatchObject({ kind: 'permit' })
    const frozen = await administration().freeze({ address: alice, reason: 'phished' })
    expect(frozen).toEqual({ kind: 'frozen', address: alice, wasFrozen: false, held: 0 })
    expect(await askRecipient()).toMatchObject(suspended)
    const unfrozen = await administration().unfreeze({ address: alice })
    expect(unfrozen).toEqual({ kind: 'unfrozen', address: alice, wasFrozen: true, released: 0 })
    expect(await askRecipient()).toMatchObject({ kind: 'permit' })
  })

  it('receives on', async () => {
    await administration().freeze({ address: alice, reason: 'phished' })
    await pipeline.accept(text, [alice])
    await pipeline.settle()
    expect(await pipeline.inbox(alice)).toHaveLength(1)
  })

  it('has all of its mail held, wherever it stands, and that of others goes on', async () => {
    answer = (address) => (address.startsWith('late') ? later : delivered)
    await accept('late@far.test')
    await pipeline.settle()
    await accept(bob, 'new@far.test')
    await pipeline.accept(text, ['other@far.test'])
    const frozen = await administration().freeze({ address: alice, reason: 'phished' })
    expect(frozen).toMatchObject({ held: 2 })
    await muchLater()
    expect(sent).toEqual(['late@far.test', 'other@far.test'])
    expect(await pipeline.inbox(bob)).toEqual([])
    expect(await queued()).toEqual([
      { state: 'hold', reason: null, recipients: ['late@far.test'] },
      { state: 'hold', reason: HELD_FOR_FROZEN, recipients: [] },
    ])
  })

  it('has held what comes to a worker, where nobody went through the queue', async () => {
    answer = () => later
    await accept('late@far.test')
    await pipeline.settle()
    await accept(bob)
    expect(await pipeline.backend.directory.accounts.freeze(account.id, 'burst')).toBe(true)
    answer = () => delivered
    await muchLater()
    expect(sent).toEqual(['late@far.test'])
    expect((await queued()).map(({ state }) => state)).toEqual(['hold', 'hold'])
    expect(log.lines.filter(({ message }) => message === 'message held')).toHaveLength(2)
  })

  it('has released what was held for it, and nothing else', async () => {
    answer = (address) => (address.startsWith('never') ? refused : later)
    await accept('late@far.test', 'never@far.test')
    await pipeline.settle()
    const other = await accept('kept@far.test')
    await pipeline.backend.operator.hold(other, 'another reason')
    await accept(bob, 'new@far.test')
    await administration().freeze({ address: alice, reason: 'phished' })
    await muchLater()
    sent = []
    answer = () => delivered
    const unfrozen = await administration().unfreeze({ address: alice, release: true })
    expect(unfrozen).toMatchObject({ wasFrozen: true, released: 2 })
    await pipeline.settle()
    expect(sent.sort()).toEqual(['late@far.test', 'new@far.test'])
    expect(await pipeline.inbox(bob)).toHaveLength(1)
    expect(await queued()).toEqual([{ state: 'hold', reason: 'another reason', recipients: [] }])
  })

  it('is shown as what it is, with the reason', async () => {
    await administration().freeze({ address: alice, reason: 'phished' })
    const again = await administration().freeze({ address: alice, reason: 'another' })
    expect(again).toMatchObject({ wasFrozen: true })
    expect(await administration().show(alice)).toMatchObject({
      account: { frozen: { reason: 'phished', sinceMs: clock.now() }, enabled: true },
    })
    await administration().unfreeze({ address: alice })
    expect(await administration().show(alice)).toMatchObject({ account: { frozen: null } })
    expect(await administration().unfreeze({ address: alice })).toMatchObject({ wasFrozen: false })
  })

  it('needs a reason that fits on a line', async () => {
    for (const reason of ['', 'two\nlines', 'x'.repeat(501)]) {
      expect(await administration().freeze({ address: alice, reason })).toMatchObject({
        kind: 'bad-value',
        field: 'reason',
      })
    }
    expect(
      await administration().freeze({ address: 'no@example.test', reason: 'x' }),
    ).toMatchObject({ kind: 'no-such-account' })
  })
})

describe('an account that behaves as if its password were stolen', () => {
  const freezing = ['compromisedAccountAction=freeze']

  it('is frozen by a burst of new destinations, and the message is not taken', async () => {
    await withSettings(...freezing, 'accountNewDestinationLimit=2')
    expect(await askMessage('a@one.test', 'b@two.test')).toMatchObject({ kind: 'permit' })
    expect(await askMessage('c@three.test')).toMatchObject(suspended)
    expect(await askRecipient()).toMatchObject(suspended)
    expect(log.find('account frozen')).toMatchObject({ level: 'error', account: alice })
  })

  it('is frozen by what other servers refuse, and the rest of its mail is held', async () => {
    await withSettings(...freezing, 'accountBounceLimit=2')
    answer = (address) => (address.startsWith('never') ? refused : later)
    await accept('late@far.test')
    await pipeline.settle()
    await accept('never1@far.test', 'never2@far.test')
    await pipeline.settle()
    expect(await askRecipient()).toMatchObject({ kind: 'permit' })
    await accept('never3@far.test')
    await pipeline.settle()
    expect(await askRecipient()).toMatchObject(suspended)
    sent = []
    await muchLater()
    expect(sent).toEqual([])
    // What it was frozen for is not held against it again.
    await administration().unfreeze({ address: alice })
    await accept('never4@far.test', 'never5@far.test')
    await pipeline.settle()
    expect(await askRecipient()).toMatchObject({ kind: 'permit' })
  })

  it('is only logged by default', async () => {
    await withSettings('accountNewDestinationLimit=1', 'accountBounceLimit=1')
    answer = () => refused
    expect(await askMessage('a@one.test', 'b@two.test')).toMatchObject({ kind: 'permit' })
    await accept('never1@far.test', 'never2@far.test')
    await pipeline.settle()
    expect(await askRecipient()).toMatchObject({ kind: 'permit' })
    expect(
      log.lines.filter(({ message }) => message === 'account may be compromised'),
    ).toHaveLength(2)
  })
})
