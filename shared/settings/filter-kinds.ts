// The kinds of values that name content filters and where they are.

import { isIP } from 'node:net'
import { parseFilterHop } from '#shared/mail/filter-hop.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import type { Kind } from './setting.ts'

export type FilterAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

const HOST_AND_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/
const UNIX_PATH_BYTES_MAX = 107

export const filterAddress: Kind<FilterAddress> = {
  name: 'address of a filter',
  allowed: 'host:port, [IPv6 address]:port or unix:/path/of/socket',
  parse(text) {
    if (text.startsWith('unix:')) {
      const path = text.slice('unix:'.length)
      const isPath = path.startsWith('/') && Buffer.byteLength(path) <= UNIX_PATH_BYTES_MAX
      return isPath && !path.includes('\0') ? { kind: 'unix', path } : undefined
    }
    const [, v6, name, digits] = HOST_AND_PORT.exec(text) ?? []
    const port = Number(digits)
    if (!(port >= 1 && port <= 65_535)) return undefined
    if (v6 !== undefined) return isIP(v6) === 6 ? { kind: 'tcp', host: v6, port } : undefined
    return name === undefined ? undefined : { kind: 'tcp', host: name, port }
  },
  format(value) {
    if (value.kind === 'unix') return `unix:${value.path}`
    const host = value.host.includes(':') ? `[${value.host}]` : value.host
    return `${host}:${value.port}`
  },
}

/** Empty: null. */
export const webUrl: Kind<URL | null> = {
  name: 'URL',
  allowed: 'an http:// or https:// URL, or nothing',
  parse(text) {
    if (text === '') return null
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:'
    return isWeb && url.username === '' && url.hash === '' ? url : undefined
  },
  format: (value) => (value === null ? '' : value.href),
}

/** Names in their order, each once; there may be none. */
export function orderedChoices<const C extends string>(
  ...known: readonly [C, ...C[]]
): Kind<readonly C[]> {
  return {
    name: 'choices in order',
    allowed: `some of ${known.join(', ')}, in their order, or nothing`,
    list: true,
    parse(text) {
      const given = text.split(/[\s,]+/).filter((word) => word !== '')
      const wanted = given.flatMap((word) => known.filter((name) => name === word))
      const isSound = wanted.length === given.length && new Set(given).size === given.length
      return isSound ? wanted : undefined
    },
    format: (value) => value.join(', '),
  }
}

/** See shared/mail/filter-hop.ts. Empty: null. */
export const contentFilterHop: Kind<NextHop | null> = {
  name: 'content filter',
  allowed: 'smtp:[host]:port (a name, a colon, a next hop), or nothing',
  parse: (text) => (text === '' ? null : parseFilterHop(text)),
  format: (value) => (value === null ? '' : `smtp:${formatNextHop(value)}`),
}
