// From where and with what an account logged in last: a line for each program, as far as it says what it is, and for each app password. For
// whoever wonders whether that was him. Written once an hour for each at most, by each process.
//
//   AUTH#logins#<account id> / devices   d<hash>: a program; a<id>: an app password; ttl

import { createHash } from 'node:crypto'
import type { AccountWatch, LoginMeans, SessionPlace } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Item, Key, Table, Value } from '#shared/storage/ports.ts'

export interface Devices {
  /** Never rejects: the login is good without. */
  note(id: AccountId, seen: Seen): Promise<void>
  /** Whether the same was noted within the hour, by whatever program. */
  isNoted(id: AccountId, seen: Seen): boolean
  /** The last first. */
  of(id: AccountId): Promise<DevicesSeen>
}

export type Seen = SessionPlace & {
  readonly means: LoginMeans | undefined
  /** What it says that it is; undefined: it says nothing. */
  readonly client?: string | undefined
}

export type DevicesSeen = {
  readonly devices: readonly Device[]
  /** By the id of the app password. */
  readonly appPasswords: ReadonlyMap<string, LastUse>
}

export type LastUse = {
  readonly service: string
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly network: string
  readonly lastMs: number
}

export type Device = LastUse & {
  readonly client: string | null
  /** By what it logged in: an app password's id, 'token' or 'password'. */
  readonly means: string
}

/** Lines of one account. */
export const DEVICES_MAX = 100
export const CLIENT_CHARACTERS_MAX = 200
export const NOTED_EVERY_MS = 3_600_000
const KEPT_SECONDS = 180 * 86_400
/** Lines that this process knows to be noted. */
const REMEMBERED_MAX = 20_000
/** So long a client has to say what it is before it is noted without. */
export const IDENTIFIED_WITHIN_MS = 5_000

export function createDevices(deps: {
  /** The `counters` table. */
  readonly counters: Pick<Table, 'batchGet' | 'write'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): Devices {
  const { counters, clock, log } = deps
  const notedUntilMs = new Map<string, number>()

  function remember(name: string): void {
    notedUntilMs.delete(name)
    notedUntilMs.set(name, clock.now() + NOTED_EVERY_MS)
    takeOldest(notedUntilMs, REMEMBERED_MAX)
  }

  const isRemembered = (name: string) => (notedUntilMs.get(name) ?? 0) > clock.now()

  async function write(id: AccountId, seen: Seen): Promise<void> {
    const { service, means, client } = seen
    const network = clientNetwork(seen.remoteAddress)
    const lastMs = clock.now()
    const use = { service, network, lastMs }
    const device = { ...use, client: client ?? null, means: meansName(means) }
    const item = await counters.write({
      update: keyOf(id),
      changes: {
        set: {
          [deviceName(device)]: device,
          ...(means?.kind === 'app-password' && { [`a${means.id}`]: use }),
          ttl: Math.floor(lastMs / 1_000) + KEPT_SECONDS,
        },
      },
    })
    const surplus = oldestOf(item)
    if (surplus.length > 0) {
      await counters.write({ update: keyOf(id), changes: { remove: surplus } })
    }
  }

  return {
    isNoted: (id, seen) => isRemembered(baseName(id, seen)),
    async note(id, given) {
      const seen = { ...given, client: given.client?.slice(0, CLIENT_CHARACTERS_MAX) }
      const base = baseName(id, seen)
      const name = `${base} ${seen.client ?? ''}`
      if (isRemembered(name)) return
      remember(base)
      remember(name)
      try {
        await write(id, seen)
      } catch (error) {
        log.warn({ accountId: id, error }, 'a login could not be noted for its account')
      }
    },
    async of(id) {
      const [item] = await counters.batchGet([keyOf(id)], { consistent: true })
      const entries = entriesOf(item)
      const devices = entries.filter(([name]) => name.startsWith('d')).map(([, use]) => use)
      const used = entries.filter(([name]) => name.startsWith('a'))
      return {
        devices: devices.map(readDevice).sort((a, b) => b.lastMs - a.lastMs),
        appPasswords: new Map(used.map(([name, use]) => [name.slice(1), readUse(use)])),
      }
    },
  }
}

/** The same watch; each session is noted once its client has said what it is, or has not for a while. */
export function noteDevices(
  watch: AccountWatch,
  devices: Pick<Devices, 'note' | 'isNoted'>,
  clock: Pick<Clock, 'sleep'>,
): AccountWatch {
  return {
    watch(account, end, place) {
      const session = watch.watch(account, end, place)
      const { id, means } = account
      const seen: Seen = { ...place, means }
      let waiting: AbortController | undefined
      if (!devices.isNoted(id, seen)) {
        waiting = new AbortController()
        const { signal } = waiting
        void clock.sleep(IDENTIFIED_WITHIN_MS, signal).then(() => {
          if (!signal.aborted) settle(seen)
        })
      }
      function settle(what: Seen): void {
        waiting?.abort()
        waiting = undefined
        void devices.note(id, what)
      }
      return {
        close() {
          if (waiting !== undefined) settle(seen)
          session.close()
        },
        identify(client) {
          settle({ ...seen, client })
          session.identify(client)
        },
      }
    },
  }
}

const keyOf = (id: AccountId): Key => ({ pk: `AUTH#logins#${id}`, sk: 'devices' })

const meansName = (means: LoginMeans | undefined): string =>
  means === undefined ? 'password' : means.kind === 'token' ? 'token' : means.id

const baseName = (id: AccountId, { service, remoteAddress, means }: Seen): string =>
  `${id} ${service} ${clientNetwork(remoteAddress)} ${meansName(means)}`

function deviceName({ service, network, client, means }: Device): string {
  const words = [service, network, client ?? '', means].join('\0')
  return `d${createHash('sha256').update(words).digest('hex').slice(0, 16)}`
}

function entriesOf(item: Item | undefined): readonly (readonly [string, Value])[] {
  return Object.entries(item ?? {}).filter(([name]) => /^[ad][0-9a-f]+$/.test(name))
}

/** Names of those that are too many. */
function oldestOf(item: Item | undefined): readonly string[] {
  const entries = entriesOf(item)
  const surplus = entries.length - DEVICES_MAX
  if (surplus <= 0) return []
  return entries
    .map(([name, use]) => ({ name, lastMs: readUse(use).lastMs }))
    .sort((a, b) => a.lastMs - b.lastMs)
    .slice(0, surplus)
    .map(({ name }) => name)
}

function readUse(value: Value): LastUse {
  const { service, network, lastMs } = Object(value)
  return { service: String(service), network: String(network), lastMs: Number(lastMs) }
}

function readDevice(value: Value): Device {
  const { client, means } = Object(value)
  return {
    ...readUse(value),
    client: client == null ? null : String(client),
    means: String(means),
  }
}
