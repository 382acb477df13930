// What a mail host stands on: clock, name server, disk, queue, and its reputation.

import { turnedAddress } from '#shared/dns/reverse-name.ts'
import type { Finding } from './finding.ts'
import { recordsOf } from './own-name.ts'
import type { DoctorWorld } from './world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** DKIM signatures of the future are refused by some, and certificates and logins by time go wrong later. */
const CLOCK_WARN_MS = 5_000
const CLOCK_BAD_MS = 5 * MINUTE_MS

export async function checkClock(
  world: Pick<DoctorWorld, 'clockAheadMs'>,
): Promise<readonly Finding[]> {
  const aheadMs = await world.clockAheadMs()
  const offMs = Math.abs(aheadMs)
  const found = `${(offMs / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead'}`
  const about = { check: 'clock', of: '', found } as const
  const next = 'let chrony or systemd-timesyncd keep it'
  if (offMs > CLOCK_BAD_MS) return [{ ...about, state: 'bad', next }]
  return [offMs > CLOCK_WARN_MS ? { ...about, state: 'warn', next } : { ...about, state: 'ok' }]
}

export async function checkResolver(
  world: Pick<DoctorWorld, 'isValidating'>,
): Promise<readonly Finding[]> {
  const about = { check: 'name server', of: 'DNSSEC' } as const
  if (await world.isValidating()) return [{ ...about, state: 'ok', found: 'validates' }]
  const next = 'a resolver of your own on this machine (unbound) validates, and DNS lists answer it'
  return [{ ...about, state: 'warn', found: 'does not validate', next }]
}

const DISK_WARN_SHARE = 0.1

export async function checkDisk(
  world: Pick<DoctorWorld, 'disk'>,
  reserveBytes: number,
): Promise<readonly Finding[]> {
  const disk = await world.disk()
  if (disk === undefined) return []
  const { freeBytes, bytes } = disk
  const found = `${Math.floor((100 * freeBytes) / bytes)} % free`
  const about = { check: 'disk', of: '', found } as const
  const next = 'make room: no mail is taken when it is full; postwolke storage collect --now'
  const full = `${found}, less than what is kept free (queueMinfree): no mail is taken`
  if (disk.isReadOnly === true) {
    const mend =
      'its rights were changed, or its disk fails, of which the log of the kernel tells (dmesg); no mail is taken'
    return [{ ...about, state: 'bad', found: 'cannot be written to', next: mend }]
  }
  if (freeBytes < reserveBytes) return [{ ...about, state: 'bad', found: full, next }]
  if (freeBytes < 2 * reserveBytes) return [{ ...about, state: 'bad', next }]
  const isShort = freeBytes < DISK_WARN_SHARE * bytes
  return [isShort ? { ...about, state: 'warn', next } : { ...about, state: 'ok' }]
}

/** When senders begin to ask. */
const QUEUE_WARN_MS = 4 * HOUR_MS

export async function checkQueue(
  world: Pick<DoctorWorld, 'queue' | 'now'>,
): Promise<readonly Finding[]> {
  const { incoming, waiting, held, oldestMs } = await world.queue()
  const ageMs = oldestMs === undefined ? 0 : world.now() - oldestMs
  const counts = `${incoming} incoming, ${waiting} to deliver, ${held} on hold`
  const found =
    oldestMs === undefined ? counts : `${counts}; the oldest for ${Math.floor(ageMs / HOUR_MS)} h`
  const about = { check: 'queue', of: '', found } as const
  const next = 'postwolke queue list says why'
  const isLate = ageMs > QUEUE_WARN_MS || held > 0
  return [isLate ? { ...about, state: 'warn', next } : { ...about, state: 'ok' }]
}

export async function checkServer(
  world: Pick<DoctorWorld, 'server' | 'now'>,
): Promise<readonly Finding[]> {
  const server = await world.server()
  const about = { check: 'server', of: '' } as const
  if (server === undefined) {
    return [{ ...about, state: 'bad', found: 'does not run', next: 'postwolke serve' }]
  }
  const since = `runs since ${server.started}`
  // What waits for its time waits for the clock to come back to where it was.
  const isAhead = Date.parse(server.started) > world.now() + MINUTE_MS
  return isAhead
    ? [
        {
          ...about,
          state: 'bad',
          found: `${since}, which is to come: the clock was set back`,
          next: 'let chrony or systemd-timesyncd keep it, and start the server again',
        },
      ]
    : [{ ...about, state: 'ok', found: since }]
}

/** Lists that others refuse mail by. */
export const blockLists = ['zen.spamhaus.org', 'bl.spamcop.net', 'b.barracudacentral.org'] as const

/** Always listed, so that who does not find it was not answered (RFC 5782 §5). */
const TEST_ADDRESS = '127.0.0.2'

export async function checkListing(
  world: Pick<DoctorWorld, 'readRecords'>,
  list: string,
  address: string,
): Promise<readonly Finding[]> {
  const about = { check: 'listed', of: `${address} in ${list}` } as const
  const ask = async (one: string) => {
    const turned = turnedAddress(one)
    if (turned === undefined) throw new Error(`${one} is no address`)
    return recordsOf(await world.readRecords(`${turned.labels}.${list}`, 'A'))
  }
  // 127.255.255.0/24: Spamhaus's word for who may not ask.
  const isAnswer = (record: string) => /^127\./.test(record) && !record.startsWith('127.255.255.')
  const test = await ask(TEST_ADDRESS)
  if (!test.some(isAnswer)) {
    const next =
      'the list does not answer the name server that is asked; use a resolver of your own'
    return [{ ...about, state: 'unknown', found: 'nobody can tell from here', next }]
  }
  const found = (await ask(address)).filter(isAnswer)
  if (found.length === 0) return [{ ...about, state: 'ok', found: 'is not' }]
  const next = `find out why (postwolke queue list, the log), then ask ${list} to take it off`
  return [{ ...about, state: 'bad', found: `is, as ${found.join(', ')}`, next }]
}
