// Which way an address goes (Postfix's trivial-rewrite(8)): its entry in `transportMaps`, else the relay host of its sender, else that of
// all, else the hosts of its domain. Asked when mail goes, so that a change applies to what waits.

import { lookUpMaps, type Maps, senderKeys, transportKeys } from '#shared/directory/maps.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import { formatRoute, parseRoute, type Route } from '#shared/mail/route.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { SlotOf } from './new-groups.ts'

export type RouteOptions = {
  readonly transportMaps: readonly TableRef[]
  readonly senderDependentRelayhostMaps: readonly TableRef[]
  readonly relayhost: NextHop | null
  /** How mail goes that no map names, Postfix's default_transport. */
  readonly defaultTransport: Route['kind']
  readonly recipientDelimiter: string
}

export function createSlotOf(deps: {
  readonly maps: Maps
  readonly options: RouteOptions
}): SlotOf {
  const { maps, options } = deps
  const { recipientDelimiter } = options

  /** Where mail goes whose map says nothing of that. */
  async function usualHop(address: string, sender: string): Promise<string> {
    const keys = senderKeys(sender, recipientDelimiter)
    const own = await lookUpMaps(maps, options.senderDependentRelayhostMaps, keys)
    if (own !== undefined && !/^(?:DUNNO)?$/i.test(own.result.trim())) return own.result
    if (options.relayhost !== null) return formatNextHop(options.relayhost)
    return domainOf(address)
  }

  return async ({ address, sender }) => {
    const keys = transportKeys(address, recipientDelimiter)
    const hit = await lookUpMaps(maps, options.transportMaps, keys)
    const { transport, nextHop } = readEntry(hit?.result ?? '')
    const kind = transport === '' ? options.defaultTransport : transport
    if (nextHop !== '') return slot(kind, nextHop)
    // transport(5): without a next hop it is the recipient's domain; an entry that is empty changes nothing.
    if (transport !== '') return slot(kind, isSpoken(kind) ? domainOf(address) : '')
    return slot(kind, isSpoken(kind) ? await usualHop(address, sender) : '')
  }
}

const isSpoken = (transport: string) => !['ses', 'discard', 'error', 'retry'].includes(transport)

/** As the route is written shortest, so that one way has one name; what is no route stays as it is. */
function slot(transport: string, nextHop: string): string {
  const route = parseRoute(`${transport}:${nextHop}`)
  if (typeof route === 'object') return formatRoute(route)
  // As it is, and without a colon that another transport could be read before.
  return transport === 'smtp' && !nextHop.includes(':') ? nextHop : `${transport}:${nextHop}`
}

/** `transport:nexthop`, either of which may be missing; a host alone is a next hop. */
function readEntry(text: string): { readonly transport: string; readonly nextHop: string } {
  const entry = text.trim()
  const [, transport, nextHop] = /^([a-z][a-z0-9_-]*)?:(.*)$/is.exec(entry) ?? []
  if (nextHop === undefined) return { transport: '', nextHop: entry }
  return { transport: (transport ?? '').toLowerCase(), nextHop: nextHop.trim() }
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1)
