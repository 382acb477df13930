// The kinds of values that name content filters and where they are.

import { parseFilterHop } from '#shared/mail/filter-hop.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import {
  formatHostAndPort,
  parseHostAndPort,
  parseSocketPath,
  type ServiceAddress,
} from './service-address.ts'
import type { Kind } from './setting.ts'

export const filterAddress: Kind<ServiceAddress> = {
  name: 'address of a filter',
  allowed: 'host:port, [IPv6 address]:port or unix:/path/of/socket',
  parse(text) {
    const [, path] = /^unix:(.*)$/s.exec(text) ?? []
    return path === undefined ? parseHostAndPort(text) : parseSocketPath(path)
  },
  format(value) {
    return value.kind === 'unix' ? `unix:${value.path}` : formatHostAndPort(value)
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
