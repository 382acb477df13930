// Whether bytes may come into an account: decided message by message on USAGE as it was read, and asked again as conditions of the
// transaction that stores them, so that any number of writers at the same time stay within the limits together.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Condition, Table } from '#shared/storage/ports.ts'
import type { Refused } from './port.ts'
import { type Limits, limitOf } from './quota.ts'
import { retrying } from './retry.ts'
import { noGrowth, readUsage, type Usage, type UsageChange, usageWrites } from './usage.ts'

const dayMs = 86_400_000

export class Admission {
  readonly #usage: Usage
  readonly #today: number
  /** What was let in and, negative, what makes room, until now. */
  #bytes = 0
  #messages = 0
  #appended = 0
  /** The least that USAGE may hold for all of it to fit. */
  #bytesMax = Number.POSITIVE_INFINITY
  #messagesMax = Number.POSITIVE_INFINITY
  #appendedMax = Number.POSITIVE_INFINITY

  constructor(usage: Usage, nowMs: number) {
    this.#usage = usage
    this.#today = Math.floor(nowMs / dayMs)
  }

  /** A message goes in the same transaction. */
  makeRoom(bytes: number): void {
    this.#bytes -= bytes
    this.#messages -= 1
  }

  /** Undefined: it may come in, and counts for those after it. `storedBytes`: of its object, which a client appends. */
  admit(limits: Limits, bytes: number, storedBytes = 0): Refused | undefined {
    const used = this.#usage
    const bytesMax = limitOf(limits.bytes) - this.#bytes - bytes
    const messagesMax = limitOf(limits.messages) - this.#messages - 1
    if (used.bytes > bytesMax || used.messages > messagesMax) {
      return { kind: 'over-quota', used: { bytes: used.bytes, messages: used.messages } }
    }
    const counted = limits.appendBytesPerDay === 0 ? 0 : storedBytes
    const appendedMax = limitOf(limits.appendBytesPerDay) - this.#appended - counted
    if (counted > 0 && appendedToday(used, this.#today) > appendedMax) {
      return { kind: 'over-append-limit' }
    }
    this.#bytes += bytes
    this.#messages += 1
    this.#bytesMax = Math.min(this.#bytesMax, bytesMax)
    this.#messagesMax = Math.min(this.#messagesMax, messagesMax)
    if (counted > 0) {
      this.#appended += counted
      this.#appendedMax = Math.min(this.#appendedMax, appendedMax)
    }
    return undefined
  }

  /** For the write of USAGE in the transaction. */
  get change(): UsageChange {
    const conditions: Condition[] = [
      ...atMost('bytes', this.#bytesMax),
      ...atMost('messages', this.#messagesMax),
    ]
    const appended = appendedChange(this.#usage, this.#today, this.#appended)
    if (appended.add !== undefined) conditions.push(...atMost('appendedBytes', this.#appendedMax))
    return { ...appended, if: [...conditions, ...(appended.if ?? [])] }
  }
}

function atMost(attribute: string, value: number): Condition[] {
  return Number.isFinite(value) ? [{ attribute, is: '<=', value }] : []
}

/** Appended by a client in the day that it is now. */
export const appendedNow = (usage: Usage, nowMs: number) =>
  appendedToday(usage, Math.floor(nowMs / dayMs))

const appendedToday = ({ appended }: Usage, today: number) =>
  appended.day === today ? appended.bytes : 0

/** Counts bytes for the day; the first of a day forget the day before. */
function appendedChange({ appended }: Usage, day: number, bytes: number): UsageChange {
  if (bytes === 0) return {}
  const sameDay: Condition = { attribute: 'appendedDay', is: '=', value: day }
  if (appended.day === day) return { add: { appendedBytes: bytes }, if: [sameDay] }
  return { set: { appendedDay: day, appendedBytes: bytes }, if: [{ not: sameDay }] }
}

/** Counts bytes that were stored for a client and that no message refers to in the end; beyond the limit too. */
export function charge(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  accountId: AccountId,
  bytes: number,
): Promise<void> {
  return retrying(clock, async () => {
    const usage = await readUsage(table, accountId)
    const change = appendedChange(usage, Math.floor(clock.now() / dayMs), bytes)
    await table.transact(usageWrites(accountId, noGrowth, change))
  })
}
