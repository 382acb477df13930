// How mail leaves, Postfix's `transport:nexthop` (transport(5)). The text of a route is the slot of a group and the name of a destination:
// what has the same text goes the same way.

import { formatNextHop, LMTP_PORT, type NextHop, parseNextHop } from './next-hop.ts'

export type Route =
  /** To the first of these hops that takes it. */
  | { readonly kind: 'smtp'; readonly hops: NextHops }
  | { readonly kind: 'lmtp'; readonly to: NextHop | { readonly socketFile: string } }
  /** By the API of Amazon SES; '' for the region that we are in. */
  | { readonly kind: 'ses'; readonly region: string }
  /** Taken, and gone. */
  | { readonly kind: 'discard'; readonly why: string }
  /** Returned to its sender. */
  | { readonly kind: 'error'; readonly status: `5.${number}.${number}`; readonly why: string }
  /** Not now. */
  | { readonly kind: 'retry'; readonly status: `4.${number}.${number}`; readonly why: string }

export type NextHops = readonly [NextHop, ...NextHop[]]

const transports: ReadonlySet<string> = new Set([
  'smtp',
  'relay',
  'lmtp',
  'ses',
  'discard',
  'error',
  'retry',
])
export const HOPS_MAX = 10
const REGION = /^[a-z]{2}-(?:[a-z]+-)+\d$/

/** A text: why it is no route. Of smtp the transport may be left out. */
export function parseRoute(text: string): Route | string {
  const word = wordOf(text)
  const rest = text.slice(text.indexOf(':') + 1).trim()
  switch (word) {
    case 'smtp':
    case 'relay':
      return parseHops(rest)
    case 'lmtp':
      return parseLmtp(rest)
    case 'ses':
      return rest === '' || REGION.test(rest)
        ? { kind: 'ses', region: rest }
        : `'${rest}' is no region`
    case 'discard':
      return { kind: 'discard', why: rest }
    case 'error':
    case 'retry':
      return refusing(word, rest)
    default:
      return parseHops(text)
  }
}

/** The shortest text that reads as this route. */
export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'smtp':
      return withoutTransport(route.hops.map((hop) => formatNextHop(hop)).join(', '))
    case 'lmtp':
      return 'socketFile' in route.to
        ? `lmtp:unix:${route.to.socketFile}`
        : `lmtp:${formatNextHop(route.to, LMTP_PORT)}`
    case 'ses':
      return `ses:${route.region}`
    case 'discard':
      return `discard:${route.why}`
    case 'error':
    case 'retry':
      return `${route.kind}:${route.status} ${route.why}`.trimEnd()
  }
}

/** A host may have a name that a transport has: `relay:587` would be read as one. */
const withoutTransport = (hops: string) => (transports.has(wordOf(hops)) ? `smtp:${hops}` : hops)

/** What stands before the first colon; '' where there is none. */
function wordOf(text: string): string {
  const at = text.indexOf(':')
  return at < 0 ? '' : text.slice(0, at).trim().toLowerCase()
}

function parseHops(text: string): Route | string {
  const hops: NextHop[] = []
  const words = text.split(/[\s,]+/).filter((word) => word !== '')
  if (words.length > HOPS_MAX) return `more than ${HOPS_MAX} hosts`
  for (const word of words) {
    const hop = parseNextHop(word)
    if (hop === undefined) return `'${word}' is no domain and no host`
    hops.push(hop)
  }
  const [first, ...more] = hops
  return first === undefined ? 'no domain and no host' : { kind: 'smtp', hops: [first, ...more] }
}

function parseLmtp(text: string): Route | string {
  if (text.startsWith('unix:')) {
    const socketFile = text.slice('unix:'.length)
    return socketFile.startsWith('/')
      ? { kind: 'lmtp', to: { socketFile } }
      : `'${socketFile}' is no absolute path`
  }
  const hop = parseNextHop(text.replace(/^inet:/, ''), LMTP_PORT)
  if (hop === undefined) return `'${text}' is no host`
  // LMTP never goes by MX (RFC 2033 §1).
  return { kind: 'lmtp', to: { ...hop, lookUpMx: false } }
}

/** error(8): the status may be left out. */
function refusing(kind: 'error' | 'retry', text: string): Route {
  const [status] = /^[45]\.\d{1,3}\.\d{1,3}(?=\s|$)/.exec(text) ?? []
  const [, subject = 0, detail = 0] = status?.split('.').map(Number) ?? []
  const words = text.slice(status?.length).trimStart()
  return kind === 'error'
    ? { kind, status: `5.${subject}.${detail}`, why: words }
    : { kind, status: `4.${subject}.${detail}`, why: words }
}
