// Two processes work on one account at the same time while storage fails, tears reads and crashes. Whatever the schedule: what
// readers are told is a history without gaps that ends in the truth, and the account's items agree with each other. Run by one
// small file for each driver.

import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  AccountId,
  BlobId,
  Folder,
  FolderId,
  FolderRef,
  Uid,
} from '#shared/contracts/mailbox.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import type { Appended, Mailbox, NewMessage, OpenFolder } from '#shared/mailbox/port.ts'
import { missedSince } from '#shared/mailbox/resync.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import type { Store } from '#shared/storage/ports.ts'
import { blob } from '#test/support/blob.ts'
import { Crashed } from '#test/support/faults/gate.ts'
import { type FaultRates, randomFaults, seededRandom } from '#test/support/faults/plan.ts'
import { type FaultyStore, withFaults } from '#test/support/faults/with-faults.ts'
import { mailboxOn } from '#test/support/mailbox.ts'
import { checkAccount, type FolderTruth, uidsAt } from '#test/support/mailbox-truth.ts'
import type { Open } from '#test/support/storage.ts'

export type PropertyOptions = {
  readonly runs: number
  readonly stepsMax: number
  /** Fewer on an emulator. */
  readonly writers: number
}

/** Real waiting, but never long. */
const clock: Clock = { now: () => Date.now(), sleep: (ms) => delay(Math.min(ms, 5)) }

const places = ['INBOX', 'A', 'B', 'A/T'] as const
const place = fc.constantFrom(...places)
const flag = fc.constantFrom('\\Seen', '\\Deleted', '\\Flagged', 'one', 'two')
/** Uids, most of which exist at some time. */
const chosen = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('append'), at: place }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver'), at: place, blob: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append three'), at: place }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('store'),
      at: place,
      uids: chosen,
      mode: fc.constantFrom('add', 'remove', 'replace'),
      flags: fc.uniqueArray(flag, { maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expunge'), at: place, uids: chosen }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('copy'), at: place, to: place, uids: chosen }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('move'), at: place, to: place, uids: chosen }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('replace'),
      at: place,
      to: place,
      uid: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('create'), at: fc.constantFrom('A', 'A/T', 'B/U') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('remove'), at: fc.constantFrom('A', 'A/T', 'B/U') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rename'),
      at: fc.constantFrom('B', 'A/T', 'B/T'),
      to: fc.constantFrom('B', 'A/T', 'B/T', 'A'),
    }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One account under test, and what its writers know they did. */
class World {
  readonly accountId: AccountId
  readonly folderIds = new Set<FolderId>()
  readonly blobIds = new Set<BlobId>()
  /** Attempt number, which is the message's date, to what was delivered where. */
  readonly deliveries = new Map<number, string>()
  readonly delivered = new Map<string, Appended['kind'][]>()
  #attempts = 0
  done = 0

  constructor(accountId: AccountId) {
    this.accountId = accountId
  }

  message(given: Partial<NewMessage> = {}): NewMessage {
    this.#attempts++
    const message = {
      blob: blob(`${this.accountId}-${this.#attempts}`, 10 + (this.#attempts % 7)),
      flags: flagSet(this.#attempts % 3 === 0 ? ['\\Seen', 'one'] : []),
      internalDateMs: this.#attempts,
      prepend: '',
      once: false,
      ...given,
    }
    this.blobIds.add(message.blob.id)
    return message
  }

  /** The same queued message for the same folder, as a repeated doorbell brings it. */
  async deliver(mailbox: Mailbox, folder: Folder, number: number): Promise<void> {
    const message = this.message({ blob: blob(`${this.accountId}-once-${number}`), once: true })
    const name = `${folder.id} ${message.blob.id}`
    this.deliveries.set(message.internalDateMs, name)
    const { kind } = await mailbox.append(folder, message)
    this.delivered.set(name, [...(this.delivered.get(name) ?? []), kind])
  }

  async folder(mailbox: Mailbox, path: string): Promise<Folder | undefined> {
    const found = (await mailbox.folders.tree(this.accountId)).find(path)
    if (found !== undefined) this.folderIds.add(found.id)
    return found
  }

  async run(mailbox: Mailbox, step: Step): Promise<void> {
    if (step.do === 'create') {
      const made = await mailbox.folders.create(this.accountId, step.at)
      if (made.kind === 'created') this.folderIds.add(made.folder.id)
      this.done++
      return
    }
    const folder = await this.folder(mailbox, step.at)
    const target = 'to' in step ? await this.folder(mailbox, step.to) : undefined
    if (folder === undefined) return
    await this.#change(mailbox, folder, target, step)
    this.done++
  }

  async #change(
    mailbox: Mailbox,
    folder: Folder,
    target: FolderRef | undefined,
    step: Exclude<Step, { do: 'create' }>,
  ): Promise<unknown> {
    const uids = 'uids' in step ? ([...step.uids].sort((a, b) => a - b) as Uid[]) : []
    switch (step.do) {
      case 'append':
        return mailbox.append(folder, this.message())
      case 'deliver':
        return this.deliver(mailbox, folder, step.blob)
      case 'append three':
        return mailbox.appendTogether(folder, [this.message(), this.message(), this.message()])
      case 'store':
        return mailbox.storeFlags(folder, uids, step)
      case 'expunge':
        return mailbox.expunge(folder, uids)
      case 'copy':
        return target && mailbox.copy(folder, uids, target)
      case 'move':
        return target && mailbox.move(folder, uids, target)
      case 'replace':
        return target && mailbox.replace(folder, step.uid as Uid, target, this.message())
      case 'remove':
        return mailbox.folders.remove(folder)
      case 'rename':
        return mailbox.folders.rename(folder, step.to)
      default:
        return unreachable(step)
    }
  }

  /** Nothing was delivered twice: each delivered message keeps the number of its attempt. */
  checkDeliveries(truths: readonly FolderTruth[]): void {
    const there = new Map<string, Set<number>>()
    for (const message of truths.flatMap(({ messages }) => messages)) {
      const name = this.deliveries.get(message.internalDateMs)
      if (name === undefined) continue
      there.set(name, (there.get(name) ?? new Set()).add(message.internalDateMs))
    }
    for (const [name, attempts] of there) expect([name, attempts.size]).toEqual([name, 1])
    for (const [name, kinds] of this.delivered) {
      const appended = kinds.filter((kind) => kind === 'appended').length
      expect([name, appended <= 1]).toEqual([name, true])
    }
  }
}

type State = {
  readonly modSeq: number
  readonly uids: readonly number[]
  readonly changed: readonly number[]
}

/** What one session is told of one folder, checked step by step. */
class Reader {
  readonly name: FolderRef
  readonly #open: OpenFolder
  #uids: number[]
  /** Uids at every modseq this session stood at, and the flags it was told of on the way there. */
  readonly states: State[] = []
  gone = false

  constructor(open: OpenFolder) {
    this.#open = open
    this.name = open.folder
    this.#uids = [...open.uids]
    this.#stand([])
  }

  async advance(): Promise<void> {
    const before = this.#open.modSeq
    const known = new Set(this.#uids)
    const last = this.#uids.at(-1) ?? 0
    const advanced = await this.#open.advance()
    if (advanced.kind === 'gone') this.gone = true
    if (advanced.kind !== 'advanced') return
    expect(this.#open.modSeq).toBeGreaterThan(before)
    for (const uid of advanced.expunged) expect(known.delete(uid)).toBe(true)
    for (const uid of advanced.changed) expect(known.has(uid)).toBe(true)
    for (const uid of advanced.appeared) expect(uid).toBeGreaterThan(last)
    this.#uids = [...known, ...advanced.appeared]
    expect([...this.#open.uids]).toEqual(this.#uids)
    this.#stand(advanced.changed)
  }

  #stand(changed: readonly number[]): void {
    const { modSeq, folder } = this.#open
    expect(folder.exists).toBe(this.#uids.length)
    this.states.push({ modSeq, uids: this.#uids, changed })
  }

  close(): void {
    this.#open.close()
  }

  /** The folder as this session ends up seeing it is the truth, and each state before was one. */
  async check(store: Store, truths: readonly FolderTruth[]): Promise<void> {
    const truth = truths.find(({ folder }) => folder.id === this.name.id)
    if (truth === undefined || this.gone) return
    this.checkHistory(truth)
    expect(this.#open.modSeq).toBe(truth.folder.modSeq)
    const { messages } = this.#open
    expect(Array.from(messages.uids(), (_, row) => messages.recordAt(row))).toEqual(truth.messages)
    await this.#checkResync(store, truth)
    this.#open.close()
  }

  checkHistory({ log }: FolderTruth): void {
    for (const [i, { modSeq, uids, changed }] of this.states.entries()) {
      expect(uids).toEqual(uidsAt(log, modSeq))
      const before = this.states[i - 1]
      if (before === undefined) continue
      const wanted = log
        .filter((change) => change.modSeq > before.modSeq && change.modSeq <= modSeq)
        .flatMap((change) => (change.kind === 'flags' ? change.uids : []))
        .filter((uid) => before.uids.includes(uid) && uids.includes(uid))
      expect(changed).toEqual([...new Set(wanted)].sort((a, b) => a - b))
    }
  }

  async #checkResync(store: Store, { log }: FolderTruth): Promise<void> {
    // As the store that does not fail tells it.
    const deps = { table: store.tables.mail, clock }
    for (const { modSeq, uids } of this.states) {
      const { changed, vanished } = await missedSince(deps, this.#open, modSeq)
      const gone = vanished.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      )
      // What a client that was here at `modSeq` puts together is the state now.
      const now = [...new Set([...uids.filter((uid) => !gone.includes(uid)), ...changed])]
      expect(now.sort((a, b) => a - b)).toEqual(uidsAt(log, Number.POSITIVE_INFINITY))
    }
  }
}

/** Failures of the world and death are expected, everything else is not. */
async function tolerant(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof TemporaryFailure || error instanceof Crashed) return false
    throw error
  }
}

async function openReaders(mailbox: Mailbox, world: World): Promise<Reader[]> {
  const readers: Reader[] = []
  // Two sessions for each folder, which share what the process knows.
  for (const path of [...places, ...places]) {
    await tolerant(async () => {
      const folder = await world.folder(mailbox, path)
      const opened = folder && (await mailbox.openFolder(folder))
      if (opened !== undefined) readers.push(new Reader(opened))
    })
  }
  return readers
}

async function begin(store: Store, world: World): Promise<void> {
  const mailbox = mailboxOn(store, clock)
  for (const path of ['A', 'B', 'A/T']) {
    const made = await mailbox.folders.create(world.accountId, path)
    if (made.kind === 'created') world.folderIds.add(made.folder.id)
  }
  const inbox = await mailbox.inbox(world.accountId)
  world.folderIds.add(inbox.id)
  await mailbox.appendTogether(inbox, [world.message(), world.message()])
}

/** Writers and readers until the writers are done or dead. */
async function work(
  store: FaultyStore,
  world: World,
  scripts: readonly (readonly Step[])[],
): Promise<{ readonly readers: readonly Reader[]; readonly visitors: readonly Reader[] }> {
  const processes = [mailboxOn(store, clock), mailboxOn(store, clock)]
  const readers = (await Promise.all(processes.map((one) => openReaders(one, world)))).flat()
  const visitors: Reader[] = []
  let writing = scripts.length
  const write = async (script: readonly Step[], number: number) => {
    const mailbox = processes[number % processes.length]
    try {
      for (const step of script) {
        await tolerant(async () => mailbox && world.run(mailbox, step))
        if (store.crashed) return
      }
    } finally {
      writing--
    }
  }
  const read = async (reader: Reader, number: number) => {
    while (writing > 0 && !reader.gone && !store.crashed) {
      await tolerant(() => reader.advance())
      // Some sessions lag behind those that share a snapshot with them.
      for (let turn = 0; turn <= (number % 5) * 4; turn++) await setImmediate()
    }
  }
  /** Sessions of processes that know nothing yet. */
  const visit = async () => {
    while (writing > 0 && !store.crashed) {
      visitors.push(...(await openReaders(mailboxOn(store, clock), world)))
      await setImmediate()
    }
  }
  await Promise.all([...scripts.map(write), ...readers.map(read), visit()])
  for (const visitor of visitors) visitor.close()
  return { readers, visitors }
}

let accounts = 0
const newWorld = () => new World(`p${process.pid}-${++accounts}` as AccountId)

const failing: FaultRates = { throttled: 0.02, unanswered: 0.02, conflict: 0.05, torn: 0.5 }

export function describeMailboxProperties(
  name: string,
  open: Open,
  { runs, stepsMax, writers }: PropertyOptions,
): void {
  const script = fc.array(step, { minLength: Math.ceil(stepsMax / 3), maxLength: stepsMax })
  const scripts = fc.array(script, { minLength: writers, maxLength: writers })

  describe(`${name}: a mailbox under concurrent writers`, () => {
    it('keeps every promise while storage fails and reads are torn', async () => {
      const { store, close } = await open()
      let done = 0
      try {
        await fc.assert(
          fc.asyncProperty(fc.integer(), scripts, async (seed, given) => {
            const world = newWorld()
            await begin(store, world)
            const random = seededRandom(seed)
            const faulty = withFaults(store, { plan: randomFaults(random, failing), random })
            const { readers, visitors } = await work(faulty, world, given)
            await settle(store, world)
            const truths = await checkAccount(store.tables.mail, world.accountId, world)
            world.checkDeliveries(truths)
            for (const visitor of visitors) {
              const truth = truths.find(({ folder }) => folder.id === visitor.name.id)
              if (truth !== undefined) visitor.checkHistory(truth)
            }
            // The same sessions once more, until they were answered.
            for (const reader of readers) {
              for (let left = 20; left > 0; left--) {
                if (await tolerant(() => reader.advance())) break
              }
              await reader.check(store, truths)
            }
            done += world.done
          }),
          { numRuns: runs, endOnFailure: true },
        )
        expect(done).toBeGreaterThan(runs * writers)
      } finally {
        await close()
      }
    }, 240_000)

    it('keeps every promise when the process dies at any call', async () => {
      const { store, close } = await open()
      let crashes = 0
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.record({
              seed: fc.integer(),
              call: fc.integer({ min: 20, max: stepsMax * writers * 6 }),
              effect: fc.constantFrom('none', 'done'),
            }),
            scripts,
            async ({ seed, ...crashPoint }, given) => {
              const world = newWorld()
              await begin(store, world)
              const random = seededRandom(seed)
              const plan = randomFaults(random, { torn: 0.3 })
              const faulty = withFaults(store, { plan, random, crashPoint })
              await work(faulty, world, given)
              if (faulty.crashed) crashes++
              // A new process: doorbells ring again for whatever was delivered.
              const again = mailboxOn(store, clock)
              const inbox = await again.inbox(world.accountId)
              for (const number of [0, 1, 2]) await world.deliver(again, inbox, number)
              await settle(store, world)
              const truths = await checkAccount(store.tables.mail, world.accountId, world)
              world.checkDeliveries(truths)
            },
          ),
          { numRuns: runs, endOnFailure: true },
        )
        expect(crashes).toBeGreaterThan(0)
      } finally {
        await close()
      }
    }, 240_000)
  })
}

/** What a removal left is finished; writes that were under way at a crash have come to an end. */
async function settle(store: Store, world: World): Promise<void> {
  await store.tables.mail.write({ put: { pk: 'barrier', sk: world.accountId } })
  await mailboxOn(store, clock).folders.finishRemovals(world.accountId)
}
