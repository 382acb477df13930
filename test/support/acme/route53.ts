// Route 53 as far as TXT records need it, in its own XML, with a name server that answers from its zone. A change is visible there
// only once it is INSYNC, which it is when it was asked about often enough.

import { createServer } from 'node:http'
import { Route53Client } from '@aws-sdk/client-route-53'
import { bodyOf, clientOptions, listen, stop } from './json-service.ts'
import { startNameServer } from './name-server.ts'

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/'

type Change = { readonly id: string; asked: number; apply: () => void }

export interface FakeRoute53 extends AsyncDisposable {
  readonly endpoint: string
  readonly client: Route53Client
  /** Where the zone is served: `127.0.0.1:<port>`. */
  readonly nameServer: string
  /** TXT records that the name server answers with. */
  readonly records: ReadonlyMap<string, string>
  /** As `UPSERT name value`. */
  readonly changes: readonly string[]
  /** How often a change is PENDING before it is INSYNC. */
  pendingAnswers: number
  /** Published records get this value instead; undefined publishes what was asked for. */
  forgedValue: string | undefined
}

export async function startRoute53(hostedZoneId: string): Promise<FakeRoute53> {
  const records = new Map<string, string>()
  const changes: string[] = []
  const pending = new Map<string, Change>()
  const nameServer = await startNameServer((name) => records.get(name))

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const answer = route(`${request.method} ${request.url}`, body)
    response.writeHead(answer.status, { 'content-type': 'text/xml' })
    response.end(`<?xml version="1.0"?>\n${answer.body}`)
  })

  function route(target: string, body: string): Answer {
    if (target === `POST /2013-04-01/hostedzone/${hostedZoneId}/rrset`) return change(body)
    const [, id = ''] = /^GET \/2013-04-01\/change\/(\w+)$/.exec(target) ?? []
    const asked = pending.get(id)
    return asked === undefined ? refusal(404, 'NoSuchChange') : ask(asked)
  }

  function change(body: string): Answer {
    const text = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(body)?.[1] ?? ''
    const action = text('Action')
    const name = text('Name').replace(/\.$/, '').toLowerCase()
    const value = text('Value')
      .replaceAll('&quot;', '"')
      .replace(/^"(.*)"$/, '$1')
    if (text('Type') !== 'TXT') return refusal(400, 'InvalidInput')
    const published = state.forgedValue ?? value
    const isThere = records.get(name) === published
    if (action === 'DELETE' && !isThere) return refusal(400, 'InvalidChangeBatch')
    changes.push(`${action} ${name} ${value}`)
    const id = `C${changes.length}`
    const apply = () => void (action === 'DELETE' || records.set(name, published))
    // Nobody waits for a removal.
    if (action === 'DELETE') records.delete(name)
    pending.set(id, { id, asked: 0, apply })
    return { status: 200, body: changeInfo('ChangeResourceRecordSetsResponse', id, 'PENDING') }
  }

  function ask(asked: Change): Answer {
    asked.asked += 1
    const isInSync = asked.asked > state.pendingAnswers
    if (isInSync) asked.apply()
    const status = isInSync ? 'INSYNC' : 'PENDING'
    return { status: 200, body: changeInfo('GetChangeResponse', asked.id, status) }
  }

  const endpoint = await listen(server)
  const state: FakeRoute53 = {
    endpoint,
    client: new Route53Client({ ...clientOptions, endpoint, maxAttempts: 1 }),
    nameServer: nameServer.address,
    records,
    changes,
    pendingAnswers: 2,
    forgedValue: undefined,
    async [Symbol.asyncDispose]() {
      await stop(server)
      nameServer.close()
    },
  }
  return state
}

type Answer = { readonly status: number; readonly body: string }

function changeInfo(root: string, id: string, status: string): string {
  const fields = `<Id>/change/${id}</Id><Status>${status}</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt>`
  return `<${root} xmlns="${NAMESPACE}"><ChangeInfo>${fields}</ChangeInfo></${root}>`
}

function refusal(status: number, code: string): Answer {
  const error = `<Type>Sender</Type><Code>${code}</Code><Message>${code}</Message>`
  return {
    status,
    body: `<ErrorResponse xmlns="${NAMESPACE}"><Error>${error}</Error><RequestId>r</RequestId></ErrorResponse>`,
  }
}
