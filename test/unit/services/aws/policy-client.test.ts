import { once } from 'node:events'
import { createServer } from 'node:http'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { afterEach, describe, expect, it } from 'vitest'
import { createPolicyClient } from '#services/aws/policy-client.ts'
import type {
  DataRequest,
  MessageRequest,
  PolicyVerdict,
  RecipientRequest,
} from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

type Answer = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** Lambda's Invoke endpoint with one answer; notes what was asked. */
async function lambdaAnswering(answer: Answer) {
  const asked: { url: string | undefined; body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request)
    asked.push({ url: request.url, body: Buffer.concat(chunks).toString() })
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const client = new LambdaClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  })
  servers.push(server)
  return { client, policy: createPolicyClient(client, 'policy-function', onTheSpot), asked }
}

const servers: ReturnType<typeof createServer>[] = []
const request = { queueId: 'Q', recipient: 'ann@example.test' } as unknown as RecipientRequest
const tooManyHops: PolicyVerdict = {
  kind: 'reject',
  reply: { code: 554, status: '5.4.6', text: 'Too many hops' },
  restriction: 'hopcount_limit',
}
const spot = async () => tooManyHops
const onTheSpot = { data: spot, message: spot, isPlain: () => true }

describe('the policy client', () => {
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('asks the function and passes its verdict on', async () => {
    const verdict = { kind: 'permit', prepend: 'X-Seen: yes\r\n', finalRecipients: 2 }
    const { policy, asked } = await lambdaAnswering({ body: JSON.stringify(verdict) })
    expect(await policy.recipient(request)).toEqual(verdict)
    expect(asked[0]?.url).toBe('/2015-03-31/functions/policy-function/invocations')
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ ...request, version: 3, ask: 'recipient' })
  })

  it('counts one recipient where an older function does not count', async () => {
    const { policy } = await lambdaAnswering({ body: '{"kind":"permit","prepend":""}' })
    expect(await policy.recipient(request)).toMatchObject({ finalRecipients: 1 })
  })

  const message = (login: string | null, ...from: readonly string[]) =>
    ({
      origin: { account: login === null ? null : { id: '1', login } },
      from,
      sender: [],
    }) as unknown as MessageRequest

  it('decides on messages without asking', async () => {
    const { policy, asked } = await lambdaAnswering({ body: 'null' })
    const own = message('ann@example.test', 'ann@example.test')
    for (const request of [message(null), message(null, 'ceo@remote.test'), own]) {
      expect(await policy.message(request)).toBe(tooManyHops)
    }
    expect(asked).toEqual([])
  })

  it('asks the function about authors that are not plainly the login', async () => {
    const verdict = { kind: 'permit', prepend: '', finalRecipients: 1 }
    const { policy, asked } = await lambdaAnswering({ body: JSON.stringify(verdict) })
    const request = message('ann@example.test', 'ann@example.test', 'info@example.test')
    expect(await policy.message(request)).toEqual(verdict)
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ ...request, version: 3, ask: 'message' })
  })

  it('asks about data, and about messages, where their lists look at more than the listener knows', async () => {
    const verdict = { kind: 'permit', prepend: '', finalRecipients: 1 }
    const listed = { ...onTheSpot, isPlain: (stage: string) => stage !== 'data' }
    const { client, asked } = await lambdaAnswering({ body: JSON.stringify(verdict) })
    const policy = createPolicyClient(client, 'policy-function', listed)
    const data = message(null)
    expect(await policy.data(data as unknown as DataRequest)).toEqual(verdict)
    expect(await policy.message(data)).toBe(tooManyHops)
    const plain = createPolicyClient(client, 'policy-function', onTheSpot)
    expect(await plain.data(data as unknown as DataRequest)).toBe(tooManyHops)
    expect(asked.map(({ body }) => JSON.parse(body).ask)).toEqual(['data'])
  })

  it.each([
    ['a failing function', { headers: { 'x-amz-function-error': 'Unhandled' }, body: '{}' }],
    ['an answer that is no verdict', { body: 'null' }],
    ['an answer that is no JSON', { body: '<html>' }],
    ['a refused call', { status: 403, body: '{"message":"no"}' }],
  ])('takes %s for a temporary failure', async (_, answer: Answer) => {
    const { policy } = await lambdaAnswering(answer)
    await expect(policy.recipient(request)).rejects.toThrow(TemporaryFailure)
  })
})
