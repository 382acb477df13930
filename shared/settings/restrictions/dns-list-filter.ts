// A DNS list as lists of restrictions write it: `zone` or `zone=filter`. A filter says which answers count, as in Postfix: four octets,
// each a number or a set, `127.0.[0..255].[1..3]`, `127.0.0.[2;4..7]`.
//
//   dns-list = zone [ "=" octet 3( "." octet ) ]
//   zone     = label *( "." label )            ; one label may be "<name>": the key of that name in dnsListKeys
//   octet    = number / "[" range *( ";" range ) "]"
//   range    = number [ ".." number ]

/** Which values each octet of an answer may have. */
export type AnswerFilter = readonly OctetSet[]
type OctetSet = readonly { readonly from: number; readonly to: number }[]

export type DnsList = {
  /** As it stands in the list of restrictions, in lower case. */
  readonly text: string
  /** With `<name>` where a key belongs. */
  readonly zone: string
  /** Absent: any answer that says "listed". */
  readonly filter?: AnswerFilter
}

/** RFC 1035 §2.3.4: room is left for what is looked up in the zone, 64 characters of an IPv6 address at least. */
const ZONE_CHARACTERS_MAX = 180
const FILTER_CHARACTERS_MAX = 200
const OCTETS = 4

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const KEY_LABEL = /^<([a-z0-9_-]{1,63})>$/

export const DNS_LIST_ALLOWED =
  'a zone such as zen.spamhaus.org, with =d.d.d.d behind it for the answers that count, each d a number or a set such as [2;4..7]'

export function parseDnsList(text: string): DnsList | undefined {
  const lower = text.toLowerCase()
  const equals = lower.indexOf('=')
  const zone = (equals < 0 ? lower : lower.slice(0, equals)).replace(/\.$/, '')
  if (!isZone(zone)) return undefined
  if (equals < 0) return { text: lower, zone }
  const filter = parseAnswerFilter(lower.slice(equals + 1))
  return filter && { text: lower, zone, filter }
}

/** The names of the keys that a zone needs. */
export function keysOf(zone: string): readonly string[] {
  return zone.split('.').flatMap((label) => KEY_LABEL.exec(label)?.[1] ?? [])
}

function parseAnswerFilter(text: string): AnswerFilter | undefined {
  if (text.length > FILTER_CHARACTERS_MAX) return undefined
  const octets = splitOctets(text)?.map(parseOctet)
  if (octets?.length !== OCTETS) return undefined
  return octets.every((octet) => octet !== undefined) ? octets : undefined
}

/** `address`: an IPv4 address as text. */
export function passesFilter(filter: AnswerFilter, address: string): boolean {
  const octets = address.split('.')
  return (
    octets.length === OCTETS &&
    filter.every((set, n) =>
      set.some(({ from, to }) => Number(octets[n]) >= from && Number(octets[n]) <= to),
    )
  )
}

function isZone(zone: string): boolean {
  const labels = zone.split('.')
  return (
    zone.length <= ZONE_CHARACTERS_MAX &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label) || KEY_LABEL.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? '')
  )
}

/** At the dots outside of brackets. */
function splitOctets(text: string): readonly string[] | undefined {
  const octets = ['']
  let isSet = false
  for (const character of text) {
    if (character === '[' || character === ']') {
      if (isSet === (character === '[')) return undefined
      isSet = !isSet
    }
    if (character === '.' && !isSet) octets.push('')
    else octets[octets.length - 1] += character
  }
  return isSet ? undefined : octets
}

function parseOctet(text: string): OctetSet | undefined {
  const isSet = text.startsWith('[') && text.endsWith(']')
  const ranges = (isSet ? text.slice(1, -1).split(';') : [text]).map((range) => {
    const [from, to = from, ...more] = isSet ? range.split('..') : [range]
    return more.length > 0 ? undefined : { from: octetOf(from), to: octetOf(to) }
  })
  const isSound = ranges.every((range) => range !== undefined && range.from <= range.to)
  return isSound ? ranges.filter((range) => range !== undefined) : undefined
}

/** NaN for what is none, which no comparison holds for. */
function octetOf(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,3}$/.test(text) && Number(text) <= 255
    ? Number(text)
    : Number.NaN
}
