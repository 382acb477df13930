// Whether addresses exist, by probes whose results are kept (Postfix's verify(8)). A client waits for a new probe for a while; a result
// that grows old is still given while a new probe is under way, and a probe that fails does not take the place of one that did not.
//
// Item VERIFY#<address>, probe: kind and reply of the last result, updatedMs; probedMs, when a probe began; ttl. Who begins one writes so on
// condition that nobody else has, so that processes ask once.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { ProbeAddress, ProbeResult } from '#shared/contracts/verify.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type Condition, ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'

export interface Verification {
  /** `pending`: it is asked, and there is no answer yet. */
  verify(
    address: string,
    accountId?: AccountId,
  ): Promise<ProbeResult | { readonly kind: 'pending' }>
}

export type VerificationOptions = {
  readonly addressVerifyPollCount: number
  readonly addressVerifyPollDelay: number
  readonly addressVerifyPositiveExpireTime: number
  readonly addressVerifyPositiveRefreshTime: number
  readonly addressVerifyNegativeExpireTime: number
  readonly addressVerifyNegativeRefreshTime: number
  readonly addressVerifyNegativeCache: boolean
}

/** Under way in one process: what a flood of invented senders makes us do to others. */
export const PROBES_MAX = 50
/** A probe that has not ended by then never will: its process is gone. */
export const PROBE_LIFE_MS = 120_000
/** Deliberately sooner than Postfix: a server that greylists the probe will answer in a while. */
export const UNKNOWN_REFRESH_MS = 600_000
/** Of the other server's words. */
const REPLY_CHARACTERS_MAX = 250
const SECOND_MS = 1_000

const pending = { kind: 'pending' } as const
type Asked = { readonly address: string; readonly accountId: AccountId | undefined }
type Result = ProbeResult & { readonly updatedMs: number }

export function createVerification(deps: {
  readonly counters: Pick<Table, 'get' | 'write'>
  readonly probe: ProbeAddress
  readonly clock: Clock
  readonly log: Log
  readonly options: VerificationOptions
}): Verification {
  const { counters, probe, clock, log, options } = deps
  const underWay = new Map<string, Promise<ProbeResult | undefined>>()

  const key = (address: string) => ({ pk: `VERIFY#${address}`, sk: 'probe' })
  const secondsAt = (ms: number) => Math.ceil(ms / SECOND_MS)

  /** Undefined where another process asks, or too much is under way. */
  function begin(
    { address, accountId }: Asked,
    before: Item | undefined,
  ): Promise<ProbeResult | undefined> {
    const begun = underWay.get(address)
    if (begun !== undefined) return begun
    if (underWay.size >= PROBES_MAX) return Promise.resolve(undefined)
    const running = run({ address, accountId }, before).finally(() => underWay.delete(address))
    underWay.set(address, running)
    // Nobody may be waiting for it any more.
    running.catch((error) => log.warn({ error, to: address }, 'address not probed'))
    return running
  }

  async function run(
    { address, accountId }: Asked,
    before: Item | undefined,
  ): Promise<ProbeResult | undefined> {
    if (!(await claim(address, before))) return undefined
    const { kind, ...more } = await probe(address, accountId)
    const reply = 'reply' in more ? more.reply.slice(0, REPLY_CHARACTERS_MAX) : ''
    await keep(address, kind, reply)
    log.info({ to: address, status: kind, reply }, 'address probed')
    return kind === 'deliverable' ? { kind } : { kind, reply }
  }

  async function claim(address: string, before: Item | undefined): Promise<boolean> {
    const nowMs = clock.now()
    const lifeEnds = secondsAt(nowMs + PROBE_LIFE_MS)
    const ttl = Math.max(lifeEnds, Number(before?.ttl ?? 0))
    return writeIf(
      { update: key(address), changes: { set: { probedMs: nowMs, ttl } } },
      {
        any: [
          { absent: 'probedMs' },
          { attribute: 'probedMs', is: '<=', value: nowMs - PROBE_LIFE_MS },
        ],
      },
    )
  }

  async function keep(address: string, kind: ProbeResult['kind'], reply: string): Promise<void> {
    const updatedMs = clock.now()
    const ttl = secondsAt(updatedMs + lifeOf(kind))
    const kept = {
      update: key(address),
      changes: { set: { kind, reply, updatedMs, ttl }, remove: ['probedMs'] },
    }
    if (kind === 'deliverable') {
      await counters.write(kept)
      return
    }
    const isOld: Condition = {
      attribute: 'updatedMs',
      is: '<=',
      value: updatedMs - options.addressVerifyPositiveExpireTime,
    }
    const known: Condition = { attribute: 'kind', is: '=', value: 'deliverable' }
    const isKept =
      options.addressVerifyNegativeCache && (await writeIf(kept, { any: [{ not: known }, isOld] }))
    // It may be asked about again. An item whose time ended meanwhile must not come back without one.
    if (!isKept) {
      await writeIf(
        { update: key(address), changes: { remove: ['probedMs'] } },
        { exists: 'probedMs' },
      )
    }
  }

  async function writeIf(
    write: Omit<Extract<Parameters<Table['write']>[0], { update: unknown }>, 'if'>,
    condition: Condition,
  ): Promise<boolean> {
    try {
      await counters.write({ ...write, if: condition })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  const lifeOf = (kind: ProbeResult['kind']) =>
    kind === 'deliverable'
      ? options.addressVerifyPositiveExpireTime
      : options.addressVerifyNegativeExpireTime

  function refreshAfter(kind: ProbeResult['kind']): number {
    const { addressVerifyPositiveRefreshTime: good, addressVerifyNegativeRefreshTime: bad } =
      options
    if (kind === 'deliverable') return good
    return kind === 'unknown' ? Math.min(bad, UNKNOWN_REFRESH_MS) : bad
  }

  /** The last result, unless it is too old. */
  function resultIn(item: Item | undefined): Result | undefined {
    if (item === undefined) return undefined
    const { kind, reply, updatedMs } = item
    if (kind !== 'deliverable' && kind !== 'undeliverable' && kind !== 'unknown') return undefined
    const at = Number(updatedMs)
    if (at + lifeOf(kind) <= clock.now()) return undefined
    return kind === 'deliverable'
      ? { kind, updatedMs: at }
      : { kind, reply: String(reply), updatedMs: at }
  }

  /** Another process asks. */
  async function poll(address: string): Promise<ProbeResult | undefined> {
    for (let look = 0; look < options.addressVerifyPollCount; look++) {
      await clock.sleep(options.addressVerifyPollDelay)
      const result = resultIn(await counters.get(key(address)))
      if (result !== undefined) return result
    }
    return undefined
  }

  return {
    async verify(text, accountId) {
      const address = canonicalAddress(text)
      const asked = { address, accountId }
      const item = await counters.get(key(address))
      const known = resultIn(item)
      if (known !== undefined) {
        if (known.updatedMs + refreshAfter(known.kind) <= clock.now()) {
          begin(asked, item)
        }
        return known
      }
      const beginning = begin(asked, item)
      const waited = new AbortController()
      const { addressVerifyPollCount: looks, addressVerifyPollDelay: delayMs } = options
      const timeout = clock.sleep(looks * delayMs, waited.signal).then(() => pending)
      try {
        const result = await Promise.race([beginning, timeout])
        return result ?? (await poll(address)) ?? pending
      } finally {
        waited.abort()
      }
    },
  }
}
