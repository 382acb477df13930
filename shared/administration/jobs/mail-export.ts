// A mailbox written out as volumes: zip files in the object store, as `postwolke export zip` makes them, each a whole one of a part of the mailbox
// (takeouts/records.ts). A crash redoes the volume that was under way.
//
// Implementation notes: a volume takes longer than a lease, so that it yields slices with the same place while it is written. What these say to
// be done is taken back by whoever has to begin the volume again (`half`). As the runner sees slices then, it is counted here how often that was.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { badInput, JobFailure } from '#shared/jobs/failure.ts'
import type { JobKind, JobWork, Slice } from '#shared/jobs/kind.ts'
import { STARTS_MAX } from '#shared/jobs/runner.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { ExportReport, ExportStep } from '#shared/moving/export/report.ts'
import type { Volume, VolumeLimits, VolumePlace } from '#shared/moving/export/volumes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import {
  MAIL_EXPORT,
  type MailExportInput,
  mailExportFormats,
  newVolumeKey,
  type TakeoutRecords,
  volumeLine,
} from '../takeouts/records.ts'
import { makerOf, refusalOf } from './maker.ts'

/** Of one volume; so many messages a function reads from S3 before its time is over. */
export const VOLUME_LIMITS: VolumeLimits = { bytes: 250_000_000, messages: 10_000 }
/** Between two words of a volume that is being written: far less than the lease. */
const SLICE_MS = 15_000

export type MailExportParts = {
  readonly objects: Pick<ObjectStore, 'put'>
  readonly takeouts: Pick<TakeoutRecords, 'isWanted'>
  readonly usage: Mailbox['usage']
  readonly clock: Clock
  readonly limits?: VolumeLimits | undefined
}

export function mailExport({
  administration,
  directory: { accounts },
  mailExports: { objects, takeouts, usage, clock, limits = VOLUME_LIMITS },
}: {
  readonly administration: Pick<Administration, 'mailExports'>
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts'>
  readonly mailExports: MailExportParts
}): JobKind {
  /** Before each volume: of an account that was locked or removed meanwhile no more is taken. */
  async function stillMay({ id, owner }: JobWork<unknown>, wanted: AccountId) {
    const account = await accounts.byId(wanted)
    if (account === undefined || !(await takeouts.isWanted(wanted, id))) {
      throw new JobFailure({ kind: 'export-gone' })
    }
    const maker = await makerOf(owner, accounts)
    if (refusalOf(maker, 'mail.takeout', account) !== undefined) {
      throw new JobFailure({ kind: 'maker-may-not', name: owner.name })
    }
    return account
  }

  async function* written(
    { id }: JobWork<unknown>,
    { account, format }: MailExportInput,
    place: Place,
    volume: Volume,
  ): AsyncGenerator<Slice> {
    const { exportTo } = await loadWriters()
    const stopping = new AbortController()
    const key = newVolumeKey(account, id, place.n)
    let seen = 0
    const step = ({ messages }: ExportStep) => (seen += messages)
    const writing = exportTo(objects, { key, format, volume, step, signal: stopping.signal, clock })
    let told = 0
    try {
      while (!(await endsWithin(writing, SLICE_MS, clock))) {
        const done = Math.min(seen, volume.messages) - told
        told += done
        yield { cursor: cursorOf({ ...place, half: told }), done }
      }
    } finally {
      stopping.abort()
      await writing.catch(() => undefined)
    }
    const { bytes, made } = await writing
    const mail = sumsOf(made)
    const gone = volume.messages - mail.messages
    const { next, folders } = volume
    yield {
      cursor: next === undefined ? OVER : cursorOf(placeBehind(place, volume)),
      done: volume.messages - told,
      counts: { ...mail, folders, ...(gone > 0 && { gone }) },
      output: volumeLine({ key, bytes, messages: mail.messages }),
    }
  }

  return {
    name: MAIL_EXPORT,
    async *run(work) {
      if (work.cursor === OVER) return
      const input = inputOf(work.input)
      const before = placeOf(work.cursor)
      const tries = before.half === null ? before.tries : before.tries + 1
      if (tries === STARTS_MAX) {
        throw new JobFailure({ kind: 'given-up', attempts: STARTS_MAX })
      }
      const account = await stillMay(work, input.account)
      let place: Place = { ...before, half: null, tries }
      if (work.cursor === '') {
        const { messages: total } = await usage(account.id)
        yield { cursor: cursorOf(place), done: 0, total }
      }
      if (before.half !== null) yield { cursor: cursorOf(place), done: -before.half }
      const { volumesOf } = await loadWriters()
      const own = administration.mailExports.own(account)
      for await (const volume of volumesOf(await own, place.from, limits)) {
        await stillMay(work, input.account)
        yield* written(work, input, place, volume)
        place = placeBehind(place, volume)
      }
    },
  }
}

/** Loaded when there is a mailbox to write out. */
async function loadWriters() {
  const [{ volumesOf }, { exportTo }] = await Promise.all([
    import('#shared/moving/export/volumes.ts'),
    import('#shared/moving/export/volume-object.ts'),
  ])
  return { volumesOf, exportTo }
}

type Place = {
  /** Volumes are counted from 1. */
  readonly n: number
  /** Messages of it that slices said to be done; null: none has said anything. */
  readonly half: number | null
  /** How often it was left half done. */
  readonly tries: number
  readonly from: VolumePlace | undefined
}

const placeBehind = ({ n }: Place, { next }: Volume): Place => ({
  ...{ n: n + 1, half: null, tries: 0 },
  from: next,
})

/** All is written, and only that it is over was not kept. */
const OVER = 'over'

const cursorOf = (place: Place) => JSON.stringify(place)

function placeOf(cursor: string): Place {
  if (cursor === '') return { n: 1, half: null, tries: 0, from: undefined }
  const { n, half, tries, from }: Place = JSON.parse(cursor)
  return { n, half, tries, from }
}

function sumsOf({ folders }: ExportReport) {
  let [messages, bytes] = [0, 0]
  for (const folder of folders) {
    messages += folder.messages
    bytes += folder.bytes
  }
  return { messages, bytes }
}

async function endsWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const waiting = new AbortController()
  const yes = () => true
  const late = clock.sleep(ms, waiting.signal).then(() => false)
  try {
    return await Promise.race([work.then(yes, yes), late])
  } finally {
    waiting.abort()
  }
}

function inputOf(input: unknown): MailExportInput {
  const { account, format } = Object(input)
  const accountId = parseAccountId(String(account))
  if (accountId === undefined) throw badInput('account', account)
  const known = mailExportFormats.find((each) => each === format)
  if (known === undefined) throw badInput('format', format)
  return { account: accountId, format: known }
}
