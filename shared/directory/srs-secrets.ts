// The secrets that rewritten senders are signed with (shared/mail/srs.ts), made by the system where no file names any: the first when mail
// is forwarded for the first time, another every SRS_ROTATION_MS. One that signs no more verifies until nothing of it can come back.
//
// Whoever verifies may hold secrets that have changed since; it asks again (`newer`), once in READ_MS at most, as strangers can
// make it fail at will.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import type { Table } from '#shared/storage/ports.ts'
import { optimistic } from './optimistic.ts'
import { readSrsSecrets, type SrsSecret, srsSecretsItem, srsSecretsKey } from './records.ts'

export interface SrsSecrets {
  /** The first signs. Makes one where there is none, or the last is too old. */
  forSigning(): Promise<readonly string[]>
  /** The first that there is is the last made; none where nothing was ever signed. */
  forVerifying(): Promise<readonly string[]>
  /** The same read again; undefined where that was done a moment ago. */
  newer(): Promise<readonly string[] | undefined>
}

/** Made by the system, and changed by hand. */
export interface StoredSrsSecrets extends SrsSecrets {
  /** Another one signs from now on. How many are verified with. */
  rotate(): Promise<number>
  /** Those of another system, of which the first signs from now on. How many of them are new here. */
  bring(secrets: readonly string[]): Promise<number>
}

const DAY_MS = 86_400_000
/** A secret signs for so long. */
export const SRS_ROTATION_MS = 90 * DAY_MS
/** And verifies after that: what it signed last is taken for three weeks, after some time in a queue. */
export const SRS_VERIFIED_MS = 35 * DAY_MS
/** Of which all but the first only verify; whoever rotates more often ends the oldest. */
export const SRS_SECRETS_MAX = 10
/** What was read is believed for so long by whoever signs. */
const HELD_MS = 60_000
/** Between two readings because of a hash that is wrong. */
export const READ_MS = 1_000
const SECRET_BYTES = 24

export function createSrsSecrets(deps: {
  readonly table: Pick<Table, 'get' | 'write'>
  readonly clock: Pick<Clock, 'now'>
  readonly randomBytes?: (count: number) => Uint8Array
}): StoredSrsSecrets {
  const { table, clock, randomBytes = takeRandomBytes } = deps
  let held: { readonly secrets: readonly SrsSecret[]; readonly readMs: number } | undefined

  /** When it was read last, or is being read. */
  let readingMs = Number.NEGATIVE_INFINITY

  async function read(): Promise<readonly SrsSecret[]> {
    const readMs = clock.now()
    readingMs = readMs
    const item = await table.get(srsSecretsKey, { consistent: true })
    held = { secrets: item === undefined ? [] : readSrsSecrets(item), readMs }
    return held.secrets
  }

  async function recent(): Promise<readonly SrsSecret[]> {
    return held !== undefined && clock.now() - held.readMs < HELD_MS ? held.secrets : await read()
  }

  /** `ifDue`: whoever was faster has made the one that is needed. */
  function rotated({ ifDue }: { readonly ifDue: boolean }): Promise<readonly SrsSecret[]> {
    return optimistic(async () => {
      const before = await read()
      const nowMs = clock.now()
      if (ifDue && !isDue(before)) return before
      const secret = Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')
      const stillVerifies = (_: SrsSecret, i: number) =>
        // One ceased to sign when the one before it in the list was made.
        i === 0 || nowMs - (before[i - 1]?.madeMs ?? nowMs) < SRS_VERIFIED_MS
      const kept = before.filter(stillVerifies).slice(0, SRS_SECRETS_MAX - 1)
      const secrets = [{ secret, madeMs: nowMs }, ...kept]
      await write(secrets, before)
      held = { secrets, readMs: nowMs }
      return secrets
    })
  }

  /** By an update, which is all that a delivery may do there on AWS. */
  async function write(secrets: readonly SrsSecret[], before: readonly SrsSecret[]): Promise<void> {
    const { secrets: value } = srsSecretsItem(secrets)
    const [last] = before
    await table.write({
      update: srsSecretsKey,
      changes: { set: { secrets: value ?? null, lastMadeMs: secrets[0]?.madeMs ?? 0 } },
      if:
        last === undefined
          ? { absent: 'pk' }
          : { attribute: 'lastMadeMs', is: '=', value: last.madeMs },
    })
  }

  const isDue = ([first]: readonly SrsSecret[]) =>
    first === undefined || clock.now() - first.madeMs >= SRS_ROTATION_MS

  async function forSigning(): Promise<readonly string[]> {
    const known = await recent()
    return texts(isDue(known) ? await rotated({ ifDue: true }) : known)
  }

  return {
    forSigning,
    forVerifying: async () => texts(await recent()),
    async newer() {
      return clock.now() - readingMs < READ_MS ? undefined : texts(await read())
    },
    rotate: async () => (await rotated({ ifDue: false })).length,
    bring: (brought) =>
      optimistic(async () => {
        const before = await read()
        const known = new Set(texts(before))
        const nowMs = clock.now()
        const fresh = brought
          .filter((secret) => !known.has(secret))
          .map((secret) => ({ secret, madeMs: nowMs }))
        if (fresh.length === 0) return 0
        const secrets = [...fresh, ...before].slice(0, SRS_SECRETS_MAX)
        await write(secrets, before)
        held = { secrets, readMs: nowMs }
        return fresh.length
      }),
  }
}

/** From a file, one a line, as PostSRSd has them: the first signs. Read again once in HELD_MS. */
export function fileSrsSecrets(deps: {
  readonly read: () => Promise<string>
  readonly clock: Pick<Clock, 'now'>
}): SrsSecrets {
  let held: { readonly secrets: readonly string[]; readonly readMs: number } | undefined

  async function read(): Promise<readonly string[]> {
    const text = await deps.read().catch((cause: unknown) => {
      throw new TemporaryFailure('the secrets of rewritten senders cannot be read', { cause })
    })
    const lines = text.split(/\r?\n/).map((line) => line.trim())
    const secrets = lines.filter((line) => line !== '').slice(0, SRS_SECRETS_MAX)
    held = { secrets, readMs: deps.clock.now() }
    return secrets
  }

  async function recent(): Promise<readonly string[]> {
    return held !== undefined && deps.clock.now() - held.readMs < HELD_MS
      ? held.secrets
      : await read()
  }

  return {
    forSigning: recent,
    forVerifying: recent,
    async newer() {
      if (held !== undefined && deps.clock.now() - held.readMs < READ_MS) return undefined
      return read()
    },
  }
}

const texts = (secrets: readonly SrsSecret[]) => secrets.map(({ secret }) => secret)
