// A hosted zone of Route 53 on loopback: record sets read by name and type, changed in batches that are done whole or not at all, in sync some
// questions later. What is in it may be published by a name server, as Route 53's does.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signedBy } from './signature.ts'

export type ZoneSet = { readonly ttl: number; readonly values: readonly string[] }

export interface Route53Server extends AsyncDisposable {
  readonly endpoint: string
  /** By `name type`, names without the dot at their end; values as zone files have them. */
  readonly sets: Map<string, ZoneSet>
  /** As `UPSERT a.test MX 300 10 mx.a.test.`. */
  readonly changes: string[]
  refusal: string | undefined
}

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/'
/** How often it is asked before a change is everywhere. */
const ANSWERS_PENDING = 2

export async function startRoute53Zone(
  zoneId: string,
  first: { readonly [nameAndType: string]: ZoneSet } = {},
  onChange: (key: string, set: ZoneSet | undefined) => void = () => undefined,
): Promise<Route53Server> {
  const sets = new Map(Object.entries(first))
  const pending = new Map<string, { left: number; readonly apply: () => void }>()

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    const isSigned = signedBy(request, body)?.service === 'route53'
    const [status, answer] = isSigned
      ? route(request.method ?? '', new URL(request.url ?? '/', 'http://host'), body)
      : refusal(403, 'SignatureDoesNotMatch')
    response.writeHead(status, { 'content-type': 'text/xml' })
    response.end(`<?xml version="1.0"?>\n${answer}`)
  })

  function route(method: string, { pathname, searchParams }: URL, body: string): [number, string] {
    if (state.refusal !== undefined) return refusal(400, state.refusal)
    const zone = `/2013-04-01/hostedzone/${zoneId}/rrset`
    if (method === 'GET' && pathname === zone) return list(searchParams)
    if (method === 'POST' && pathname.replace(/\/$/, '') === zone) return change(body)
    const [, id = ''] = /^\/2013-04-01\/change\/(\w+)$/.exec(pathname) ?? []
    const asked = pending.get(id)
    if (asked !== undefined) return [200, changeInfo('GetChangeResponse', id, look(asked))]
    return refusal(404, 'NoSuchHostedZone')
  }

  function list(query: URLSearchParams): [number, string] {
    const name = plain(query.get('name') ?? '')
    const type = query.get('type') ?? ''
    // In the order of names; here the order of text will do: either it is the one that is asked for, or another.
    const found = [...sets].sort().find(([key]) => key >= `${name} ${type}`)
    const xml = found === undefined ? '' : setXml(...found)
    return [
      200,
      `<ListResourceRecordSetsResponse xmlns="${NAMESPACE}"><ResourceRecordSets>${xml}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>`,
    ]
  }

  function change(body: string): [number, string] {
    const next = new Map(sets)
    const touched: string[] = []
    const told: string[] = []
    for (const [, xml = ''] of body.matchAll(/<Change>(.*?)<\/Change>/gs)) {
      const text = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1] ?? ''
      const key = `${plain(text('Name'))} ${text('Type')}`
      const values = [...xml.matchAll(/<Value>([^<]*)<\/Value>/g)].map(([, one = '']) =>
        unescaped(one),
      )
      const set = { ttl: Number(text('TTL')), values }
      const action = text('Action')
      told.push(`${action} ${key} ${set.ttl} ${values.join(' | ')}`)
      touched.push(key)
      if (action === 'UPSERT') next.set(key, set)
      else if (action === 'DELETE' && isSame(next.get(key), set)) next.delete(key)
      else return refusal(400, 'InvalidChangeBatch')
      const [name = '', type = ''] = key.split(' ')
      const hasOther = [...next.keys()].some((one) => one.startsWith(`${name} `) && one !== key)
      if (type === 'CNAME' && action === 'UPSERT' && hasOther)
        return refusal(400, 'InvalidChangeBatch')
    }
    sets.clear()
    for (const [key, set] of next) sets.set(key, set)
    state.changes.push(...told)
    const id = `C${state.changes.length}`
    const apply = () => {
      for (const key of touched) onChange(key, sets.get(key))
    }
    pending.set(id, { left: ANSWERS_PENDING, apply })
    return [200, changeInfo('ChangeResourceRecordSetsResponse', id, 'PENDING')]
  }

  function look(asked: { left: number; readonly apply: () => void }): string {
    asked.left--
    if (asked.left > 0) return 'PENDING'
    asked.apply()
    return 'INSYNC'
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const state: Route53Server = {
    endpoint: `http://127.0.0.1:${port}`,
    sets,
    changes: [],
    refusal: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return state
}

function setXml(key: string, { ttl, values }: ZoneSet): string {
  const [name = '', type = ''] = key.split(' ')
  const records = values.map(
    (one) => `<ResourceRecord><Value>${escaped(one)}</Value></ResourceRecord>`,
  )
  return `<ResourceRecordSet><Name>${name}.</Name><Type>${type}</Type><TTL>${ttl}</TTL><ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet>`
}

const isSame = (one: ZoneSet | undefined, other: ZoneSet) =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other)
const plain = (name: string) => name.replace(/\.$/, '').toLowerCase()
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
const unescaped = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const changeInfo = (root: string, id: string, status: string) =>
  `<${root} xmlns="${NAMESPACE}"><ChangeInfo><Id>/change/${id}</Id><Status>${status}</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></${root}>`

function refusal(status: number, code: string): [number, string] {
  return [
    status,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  ]
}
