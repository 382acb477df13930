// Takeouts: exports of mailboxes that are kept as volumes (zip files) for some days, for who may fetch them. A job writes them
// (jobs/mail-export.ts), and what it says as its output is the list of its volumes; here stands which jobs are takeouts of which account. Of the
// `counters` table, where they end by themselves (`ttl`):
//   TAKEOUTS#<account>  / <job>   one; without it its volumes are nobody's, and the collector's
//   TAKEOUTS#<account>  / last    the job that was begun last: a next one is begun when that is over
// Objects: takeouts/<account>/<job>/<n>-<random>.zip. Whoever writes one again after a crash, or beside somebody who was taken for dead, writes
// another.

import { randomBytes } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { isEnded, type JobFacts, type JobId, parseJobId } from '#shared/jobs/job.ts'
import type { Jobs, NewJob } from '#shared/jobs/jobs.ts'
import { JOB_KEPT_SECONDS } from '#shared/jobs/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Key, type ObjectKey, type Table } from '#shared/storage/ports.ts'

/** The kind of job that makes one, and what it is begun with. */
export const MAIL_EXPORT = 'mail-export'
export const mailExportFormats = ['maildir', 'mbox'] as const
export type MailExportInput = {
  readonly account: AccountId
  readonly format: (typeof mailExportFormats)[number]
}

/** From the end of its job on. Less than jobs are known. */
export const TAKEOUT_KEPT_MS = 7 * 86_400_000
export const TAKEOUT_OBJECTS = 'takeouts/'

export type Takeout = {
  readonly job: JobFacts
  readonly volumes: readonly TakeoutVolume[]
  /** When they are deleted; null: it is not over yet. */
  readonly endsMs: number | null
}

export type TakeoutVolume = {
  readonly key: ObjectKey
  readonly bytes: number
  readonly messages: number
}

export interface TakeoutRecords {
  isUnderWay(accountId: AccountId): Promise<boolean>
  /** Undefined: one of the account is under way. */
  begin(accountId: AccountId, job: NewJob): Promise<JobFacts | undefined>
  /** The newest first. */
  of(accountId: AccountId): Promise<readonly Takeout[]>
  find(accountId: AccountId, id: JobId): Promise<Takeout | undefined>
  /** Whether its volumes are anybody's. */
  isWanted(accountId: AccountId, id: JobId): Promise<boolean>
  /** Its job ends, and the collector deletes its volumes. */
  forget(accountId: AccountId, id: JobId): Promise<void>
  /** Objects of it that are to stay; `all`: it is being made. */
  wantedObjects(accountId: AccountId, id: JobId): Promise<ReadonlySet<ObjectKey> | 'all'>
}

const pkOf = (accountId: AccountId) => `TAKEOUTS#${accountId}`
const keyOf = (accountId: AccountId, id: JobId): Key => ({ pk: pkOf(accountId), sk: id })
const lastKey = (accountId: AccountId): Key => ({ pk: pkOf(accountId), sk: 'last' })

const RANDOM_BYTES = 6

export const newVolumeKey = (accountId: AccountId, id: JobId, n: number): ObjectKey =>
  `${TAKEOUT_OBJECTS}${accountId}/${id}/${n}-${randomBytes(RANDOM_BYTES).toString('hex')}.zip`

/** Whose a volume is. */
export function ownerOfVolume(
  key: ObjectKey,
): { readonly accountId: AccountId; readonly id: JobId } | undefined {
  const [account = '', job = ''] = key.slice(TAKEOUT_OBJECTS.length).split('/')
  const accountId = parseAccountId(account)
  const id = parseJobId(job)
  return accountId && id && { accountId, id }
}

/** A line of the job's output. */
export const volumeLine = (volume: TakeoutVolume): Uint8Array =>
  Buffer.from(`${JSON.stringify(volume)}\n`)

export function createTakeoutRecords(deps: {
  readonly table: Pick<Table, 'batchWrite' | 'get' | 'query'>
  readonly jobs: Pick<Jobs, 'begin' | 'cancel' | 'get' | 'output'>
  readonly clock: Clock
}): TakeoutRecords {
  const { table, jobs, clock } = deps
  const consistent = { consistent: true } as const

  const isWanted: TakeoutRecords['isWanted'] = async (accountId, id) =>
    (await table.get(keyOf(accountId, id), consistent)) !== undefined

  async function volumesOf({ id, state }: JobFacts): Promise<readonly TakeoutVolume[]> {
    // Half a mailbox would be taken for a whole one.
    if (state === 'failed' || state === 'cancelled') return []
    const text = Buffer.concat(await Array.fromAsync(jobs.output(id))).toString()
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): TakeoutVolume => JSON.parse(line))
  }

  /** Undefined: there is none any more. */
  async function read(id: JobId): Promise<Takeout | undefined> {
    const job = await jobs.get(id)
    if (job === undefined) return undefined
    const endsMs = job.endedMs === null ? null : job.endedMs + TAKEOUT_KEPT_MS
    if (endsMs !== null && endsMs <= clock.now()) return undefined
    return { job, volumes: await volumesOf(job), endsMs }
  }

  /** The one that was begun last. */
  async function readLast(accountId: AccountId) {
    const item = await table.get(lastKey(accountId), consistent)
    const job = item && (await jobs.get(String(item.job) as JobId))
    return { item, isUnderWay: job !== undefined && !isEnded(job.state) }
  }

  return {
    isWanted,
    isUnderWay: async (accountId) => (await readLast(accountId)).isUnderWay,

    async begin(accountId, job) {
      const nowSeconds = Math.floor(clock.now() / 1_000)
      const ttl = nowSeconds + JOB_KEPT_SECONDS
      const { item, isUnderWay } = await readLast(accountId)
      if (isUnderWay) return undefined
      try {
        return await jobs.begin({
          ...job,
          with: (id) => [
            { put: { ...keyOf(accountId, id), ttl } },
            {
              put: { ...lastKey(accountId), job: id, ttl },
              if: item
                ? { attribute: 'job', is: '=', value: String(item.job) }
                : { any: [{ absent: 'pk' }, { attribute: 'ttl', is: '<=', value: nowSeconds }] },
            },
          ],
        })
      } catch (error) {
        // Somebody else began one this moment.
        if (error instanceof ConditionFailed) return undefined
        throw error
      }
    },

    async of(accountId) {
      const found: Takeout[] = []
      let after: string | undefined
      do {
        const page = await table.query({
          pk: pkOf(accountId),
          sk: { prefix: 'j' },
          reverse: true,
          ...consistent,
          ...(after !== undefined && { after }),
        })
        for (const { sk } of page.items) {
          const takeout = await read(sk as JobId)
          if (takeout !== undefined) found.push(takeout)
        }
        after = page.next
      } while (after !== undefined)
      return found
    },

    find: async (accountId, id) => ((await isWanted(accountId, id)) ? await read(id) : undefined),

    async forget(accountId, id) {
      await table.batchWrite([{ delete: keyOf(accountId, id) }])
      await jobs.cancel(id)
    },

    async wantedObjects(accountId, id) {
      const takeout = (await isWanted(accountId, id)) ? await read(id) : undefined
      if (takeout === undefined) return new Set()
      if (!isEnded(takeout.job.state)) return 'all'
      return new Set(takeout.volumes.map(({ key }) => key))
    },
  }
}
