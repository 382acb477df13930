// Takeouts: all mail of an account as files that are fetched over HTTP, for whoever has it, and for an owner where the setting `operatorsReadMail`
// lets him read what others wrote. Whoever has the account is told of each: it is what somebody wants who came in by his password.

import type { JobFacts, JobId } from '#shared/jobs/job.ts'
import { parseJobId } from '#shared/jobs/job.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Rate } from '#shared/rates/rate.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import { type FoundAccount, findAccount } from '../found-account.ts'
import { tellOfRecovery } from '../recovery.ts'
import type {
  BadValue,
  ExportTooOften,
  ExportUnderWay,
  NoSuchAccount,
  NoSuchJob,
  SwitchedOff,
  TooMany,
} from '../refusals.ts'
import type { Actor } from '../rights/actor.ts'
import { MAIL_EXPORT, type MailExportInput, type Takeout, type TakeoutVolume } from './records.ts'

export interface TakeoutAdministration {
  /** Resolves when the job that makes it is begun. */
  begin(
    request: BeginTakeout,
  ): Promise<
    | TakeoutBegun
    | BadValue
    | NoSuchAccount
    | SwitchedOff
    | ExportUnderWay
    | TooMany
    | ExportTooOften
  >
  /** The newest first. */
  list(address: string): Promise<TakeoutsListed | BadValue | NoSuchAccount>
  volume(
    request: FetchVolume,
  ): Promise<VolumeFound | BadValue | NoSuchAccount | NoSuchJob | SwitchedOff>
  /** Nobody can fetch it from now on; the collector deletes its volumes. */
  remove(request: {
    readonly address: string
    readonly job: string
  }): Promise<TakeoutRemoved | BadValue | NoSuchAccount | NoSuchJob>
}

export type BeginTakeout = {
  readonly address: string
  readonly format: MailExportInput['format']
  readonly by: Pick<Actor, 'accountId' | 'name'>
}
export type FetchVolume = {
  readonly address: string
  readonly job: string
  /** Counted from 1. */
  readonly number: number
  readonly by: Pick<Actor, 'accountId'>
}

export type TakeoutBegun = { readonly kind: 'takeout-begun'; readonly job: JobFacts }
export type TakeoutsListed = { readonly kind: 'takeouts'; readonly takeouts: readonly Takeout[] }
export type VolumeFound = {
  readonly kind: 'volume'
  readonly volume: TakeoutVolume
  /** For whoever keeps it. */
  readonly fileName: string
}
export type TakeoutRemoved = { readonly kind: 'takeout-removed' }

/** Of one account, whoever begins them. */
export const TAKEOUT_RATE: Rate = { name: 'takeout', capacity: 3, perMs: 86_400_000 }

/** That are kept, of one account: each is as large as its mailbox. */
export const TAKEOUTS_MAX = 2

export function createTakeoutAdministration(
  { directory, takeouts, rates, letters, settings, record, log }: AdministrationDeps,
  fields: Fields,
): TakeoutAdministration {
  /** Undefined: he may read what is in it. */
  function switchedOff(
    { account }: FoundAccount,
    { accountId }: Pick<Actor, 'accountId'>,
  ): SwitchedOff | undefined {
    if (accountId === null || accountId === account.id || settings.operatorsReadMail) {
      return undefined
    }
    const value = formatAddress(account.address)
    return { kind: 'switched-off', field: 'address', value, setting: 'operatorsReadMail' }
  }

  const noSuchJob = (value: string): NoSuchJob => ({ kind: 'no-such-job', field: 'job', value })

  async function find({ account }: FoundAccount, job: string): Promise<Takeout | undefined> {
    const id = parseJobId(job)
    return id && (await takeouts.find(account.id, id))
  }

  return {
    async begin({ address, format, by }) {
      const found = await findAccount(directory, fields, address)
      if (found.kind !== 'found') return found
      const { account } = found
      const refused = switchedOff(found, by)
      if (refused !== undefined) return refused
      const name = formatAddress(account.address)
      const underWay: ExportUnderWay = { kind: 'export-under-way', field: 'address', value: name }
      if (await takeouts.isUnderWay(account.id)) return underWay
      const kept = (await takeouts.of(account.id)).filter(({ volumes }) => volumes.length > 0)
      if (kept.length >= TAKEOUTS_MAX) {
        return { kind: 'too-many', field: 'export', value: name, max: TAKEOUTS_MAX }
      }
      if (!(await rates.takeShared(TAKEOUT_RATE, account.id))) {
        const perDay = TAKEOUT_RATE.capacity
        return { kind: 'export-too-often', field: 'address', value: name, perDay }
      }
      const input: MailExportInput = { account: account.id, format }
      const job = await takeouts.begin(account.id, {
        ...{ kind: MAIL_EXPORT, input, about: { account: name, format } },
        owner: { accountId: by.accountId, name: by.name },
      })
      if (job === undefined) return underWay
      record({ what: 'mail-export', name, before: null, after: { job: job.id, format } })
      const recovery = await directory.recoveryAddresses.of(account.id)
      const told = [account.address, ...(recovery ? [recovery.address] : [])]
      const isOwn = by.accountId === account.id
      await tellOfRecovery({ kind: 'exported', isOwn }, account, told, { letters, settings, log })
      return { kind: 'takeout-begun', job }
    },

    async list(address) {
      const found = await findAccount(directory, fields, address)
      if (found.kind !== 'found') return found
      return { kind: 'takeouts', takeouts: await takeouts.of(found.account.id) }
    },

    async volume({ address, job, number, by }) {
      const found = await findAccount(directory, fields, address)
      if (found.kind !== 'found') return found
      const refused = switchedOff(found, by)
      if (refused !== undefined) return refused
      const takeout = await find(found, job)
      const volume = takeout?.volumes[number - 1]
      if (takeout === undefined || volume === undefined) return noSuchJob(job)
      const day = new Date(takeout.job.begunMs).toISOString().slice(0, 'yyyy-mm-dd'.length)
      const name = formatAddress(found.account.address).replace(/[^\w.@+-]/g, '_')
      return { kind: 'volume', volume, fileName: `mail-${name}-${day}-${number}.zip` }
    },

    async remove({ address, job }) {
      const found = await findAccount(directory, fields, address)
      if (found.kind !== 'found') return found
      const id: JobId | undefined = (await find(found, job))?.job.id
      if (id === undefined) return noSuchJob(job)
      await takeouts.forget(found.account.id, id)
      const name = formatAddress(found.account.address)
      record({ what: 'mail-export', name, before: { job: id }, after: null })
      return { kind: 'takeout-removed' }
    },
  }
}
