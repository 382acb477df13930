import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'

let administered: Administered
let api: TestApi

beforeAll(async () => {
  administered = await openAdministration()
  api = openApi(administered.pipeline.backend)
  const { domains, accounts } = administered.administration
  for (const domain of ['example.org', 'example.net']) await domains.add({ domain })
  for (const address of ['ann@example.org', 'bob@example.org', 'cid@example.net']) {
    await accounts.add({ address, secret: hashOfA })
  }
})
afterAll(() => administered[Symbol.asyncDispose]())

const domainAdmin: Actor = {
  ...owner,
  role: 'domain-admin',
  domains: [parseDomain('example.org')].filter((domain) => domain !== undefined),
}

describe('what an actor may see', () => {
  it('is all for an owner', async () => {
    const { status, body } = await api.ask('GET /accounts')
    expect(status).toBe(200)
    expect(body.data.map((one: { address: string }) => one.address)).toEqual([
      'cid@example.net',
      'ann@example.org',
      'bob@example.org',
    ])
  })

  it('is his own domains for a domain administrator, and all else is as if it were not there', async () => {
    const { body } = await api.ask('GET /accounts', undefined, { as: domainAdmin })
    expect(body.data).toHaveLength(2)
    const foreign = await api.ask('GET /accounts/cid@example.net', undefined, { as: domainAdmin })
    const missing = await api.ask('GET /accounts/dora@example.net', undefined, { as: domainAdmin })
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, requestId: '' }).toEqual(
      JSON.parse(JSON.stringify({ ...missing.body, requestId: '' }).replaceAll('dora', 'cid')),
    )
  })
})
