// An import dies at every storage call, before the call's effect and after it, and is begun again by another process: every message of the source
// is there once, under its uid. So are torn reads, lost answers and writes that others make at the same time.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type CopyOptions, copyMailbox } from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { MailSource, SourceMessage } from '#shared/moving/mailboxes/source.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { mailboxOn, message } from '#test/support/mailbox.ts'
import { must } from '#test/support/must.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const whole: CopyOptions = { dryRun: false, deletions: 'follow', signal: undefined }
const UID_VALIDITY = 1_234_567
/** More than one transaction takes. */
const MESSAGES = 60

/** What is at the source, which changes between two times. */
type There = { readonly [folder: string]: readonly Partial<SourceMessage>[] }

const first: There = {
  INBOX: Array.from({ length: MESSAGES }, (_, n) => ({
    uid: 3 * n + 1,
    popId: n % 3 === 2 ? undefined : `pop${n}`,
    popOrder: n % 2 === 1 ? MESSAGES - n : undefined,
  })),
  'Work/2024': [{ uid: 7, flags: ['\\Seen', '$Label1'] }],
}
/** The first ten are gone, the next have other flags, and there is one more. */
const second: There = {
  INBOX: [
    ...must(first.INBOX)
      .slice(10)
      .map((one, n) => (n < 5 ? { ...one, flags: ['\\Flagged'] } : one)),
    { uid: 900 },
  ],
  'Work/2024': must(first['Work/2024']),
}

function sourceOf(there: There): MailSource {
  return {
    identity: 'test',
    folders: async () =>
      Object.keys(there).map((path) => ({ names: path.split('/'), uses: [], selectable: true })),
    async open({ names }) {
      const messages = must(there[names.join('/')]).map(
        (one): SourceMessage => ({
          key: `${UID_VALIDITY}.${one.uid}`,
          uid: one.uid,
          flags: one.flags ?? [],
          bytes: undefined,
          internalDateMs: 1_000_000_000_000 + must(one.uid),
          saveDateMs: undefined,
          popId: one.popId,
          popOrder: one.popOrder,
        }),
      )
      return {
        numbers: {
          uidValidity: UID_VALIDITY,
          uidNext: there === first ? 800 : 1_000,
          highestModSeq: undefined,
        },
        count: messages.length,
        messages: async function* () {
          yield* messages
        },
        read: async function* (asked) {
          for (const one of asked) {
            yield { message: one, bytes: bytesOf(`Subject: ${one.key}\n\ntext\n`) }
          }
        },
        close: async () => undefined,
      }
    },
    subscriptions: async () => undefined,
    scripts: async () => [],
    notes: () => [],
    close: async () => undefined,
  }
}

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}

async function bring(store: Store, accountId: AccountId, there: There) {
  const target = { account: 'a@example.test', accountId, mailbox: mailboxOn(store) }
  const steps = copyMailbox(sourceOf(there), target, whole)
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value
  }
}

async function stored(store: Store, accountId: AccountId, path: string) {
  const mailbox = mailboxOn(store)
  const folder = must(await mailbox.folders.find(accountId, path))
  const { messages, popIds, popOrders } = await mailbox.snapshot(folder)
  return {
    uidValidity: folder.uidValidity,
    uidNext: folder.uidNext,
    messages: messages.map(
      ({ uid, flags, internalDateMs }) =>
        `${uid} ${flags.join(' ')} ${internalDateMs} ${popOrders.get(uid)} ${popIds.get(uid)}`,
    ),
  }
}

const expected = (there: There, path: string) => ({
  uidValidity: UID_VALIDITY,
  uidNext: 1_000,
  messages: must(there[path]).map(
    ({ uid, flags = [], popId, popOrder }) =>
      `${uid} ${flags.join(' ')} ${1_000_000_000_000 + must(uid)} ${popOrder} ${popId}`,
  ),
})

for (const driver of ['embedded', 'AWS'] as const) {
  describe.skipIf(driver === 'AWS' && !(await hasDynamoDb()))(
    `an import that dies, ${driver}`,
    () => {
      let store: Store
      let close: () => Promise<void>
      let accounts = 0

      beforeEach(async () => {
        const opened = driver === 'embedded' ? await openEmbedded() : await openAws()
        store = opened.store
        close = opened.close
      })
      afterEach(() => close())

      for (const effect of ['none', 'done'] as const) {
        it(`${effect === 'none' ? 'before' : 'after'} each storage call, and is begun again`, async () => {
          // Many calls are alike: one for each message that is received.
          const stride = driver === 'embedded' ? 3 : 61
          for (let call = 1; ; call += stride) {
            const accountId = `moving${++accounts}` as AccountId
            const crashing = withFaults(store, { crashPoint: { call, effect } })
            let there = first
            await bring(crashing, accountId, first)
              .then(() => {
                there = second
                return bring(crashing, accountId, second)
              })
              .catch((error) => {
                if (!crashing.crashed) throw error
              })
            await bring(store, accountId, there)
            await bring(store, accountId, second)
            for (const path of ['INBOX', 'Work/2024']) {
              expect(await stored(store, accountId, path), `call ${call}`).toEqual(
                expected(second, path),
              )
            }
            if (!crashing.crashed) return
          }
        }, 180_000)
      }

      it('has every message once beside a writer in another process', async () => {
        const accountId = 'moving-beside' as AccountId
        const beside = mailboxOn(store)
        const inbox = await beside.inbox(accountId)
        const [report] = await Promise.all([
          bring(store, accountId, first),
          (async () => {
            for (let n = 0; n < 10; n++) await beside.append(inbox, message(`own${n}`))
          })(),
        ])
        expect(report.folders.map(({ brought }) => brought)).toEqual([MESSAGES, 1])
        expect(
          (await bring(store, accountId, first)).folders.map(({ brought }) => brought),
        ).toEqual([0, 0])
        const { messages } = await stored(store, accountId, 'INBOX')
        expect(messages.length).toBe(MESSAGES + 10)
      }, 60_000)

      it('tells two imports of one mailbox from each other', async () => {
        const accountId = 'moving-twice' as AccountId
        const both = await Promise.allSettled([
          bring(store, accountId, first),
          bring(store, accountId, first),
        ])
        for (const one of both) {
          if (one.status === 'rejected') throw one.reason
        }
        await bring(store, accountId, first)
        const { messages } = await stored(store, accountId, 'INBOX')
        expect(messages.map((line) => line.split(' ').at(-1))).toEqual(
          must(first.INBOX).map(({ popId }) => String(popId)),
        )
      }, 60_000)

      it('forgets where messages came from when their folder goes', async () => {
        const accountId = 'moving-gone' as AccountId
        await bring(store, accountId, first)
        const mailbox = mailboxOn(store)
        const inbox = await mailbox.inbox(accountId)
        const work = must(await mailbox.folders.find(accountId, 'Work/2024'))
        await mailbox.empty(accountId)
        for (const { id } of [inbox, work]) {
          const { items } = await store.tables.mail.query({ pk: `F#${id}`, consistent: true })
          expect(items.filter(({ sk }) => /^[OP]#/.test(sk))).toEqual([])
        }
      })
    },
  )
}
