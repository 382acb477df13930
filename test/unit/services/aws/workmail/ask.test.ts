// The organization read from a server that behaves as the API's public model says.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askWorkMail, openWorkMailClient } from '#services/aws/workmail/ask.ts'
import { readOrganization } from '#shared/moving/workmail/read-organization.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { ORGANIZATION_ID, organization } from '#test/support/aws/workmail-organization.ts'
import { startWorkMail, type WorkMailServer } from '#test/support/aws/workmail-server.ts'
import { must } from '#test/support/must.ts'

let server: WorkMailServer
beforeAll(async () => {
  server = await startWorkMail(organization)
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  server.calls.length = 0
  server.throttled = 0
  server.refusal = undefined
})

function asked({ credentials = testCredentials, region = 'eu-west-1', id = ORGANIZATION_ID } = {}) {
  return askWorkMail(openWorkMailClient({ region, endpoint: server.endpoint, credentials }), id)
}

describe('the API of WorkMail', () => {
  it('joins the pages of a list', async () => {
    const answer = await asked()('ListUsers')
    expect(answer).toMatchObject({ kind: 'answer' })
    expect(answer.kind === 'answer' && answer.value).toMatchObject({
      Users: organization.users.map(({ Id }) => ({ Id })),
    })
    // Ten users in pages of three.
    expect(server.calls).toEqual(['ListUsers', 'ListUsers', 'ListUsers', 'ListUsers'])
  })

  it('waits where it asks too fast, and asks again', async () => {
    server.throttled = 2
    expect(await asked()('DescribeOrganization')).toMatchObject({ kind: 'answer' })
    expect(server.calls).toHaveLength(3)
  })

  it.each([
    ['EntityNotFoundException', 400, 'missing'],
    ['EntityStateException', 400, 'missing'],
    ['UnsupportedOperationException', 400, 'missing'],
    ['OrganizationNotFoundException', 400, 'refused'],
    ['OrganizationStateException', 400, 'refused'],
    ['AccessDeniedException', 400, 'refused'],
    ['ExpiredTokenException', 403, 'refused'],
  ])('takes %s for what it says', async (name, status, kind) => {
    server.refusal = { name, status }
    const answer = await asked()('ListAliases', 'ann')
    expect(answer.kind).toBe(kind)
    expect(JSON.stringify(answer)).toContain(name)
  })

  it('takes a directory that is not reachable for a failure that passes', async () => {
    server.refusal = { name: 'DirectoryUnavailableException', status: 400 }
    await expect(asked()('ListUsers')).rejects.toThrow(TemporaryFailure)
  })

  it('is refused with another key, and in another region', async () => {
    const other = { ...testCredentials, secretAccessKey: 'other' }
    const refused = { kind: 'refused', name: 'InvalidSignatureException' }
    expect(await asked({ credentials: other })('ListUsers')).toMatchObject(refused)
    expect(await asked({ region: 'us-east-1' })('ListUsers')).toMatchObject(refused)
  })
})

describe('an organization', () => {
  it('is read as one value', async () => {
    const read = await readOrganization(asked())
    expect(read).toMatchObject({
      kind: 'organization',
      organization: {
        id: ORGANIZATION_ID,
        defaultDomain: 'moving.test',
        domains: [
          { name: 'moving.awsapps.com', isTest: true },
          { name: 'moving.test', isTest: false, isDefault: true },
          { name: 'second.test', isTest: false },
        ],
        resources: [
          {
            id: 'r-room',
            type: 'ROOM',
            delegates: [{ id: 'ann', type: 'USER' }],
            acceptsAlone: false,
          },
          { id: 'r-van', type: 'EQUIPMENT', delegates: [], acceptsAlone: true },
          { id: 'r-old', state: 'DELETED' },
        ],
        retention: [{ action: 'NONE' }, { folder: 'DELETED_ITEMS', days: 30 }],
        accessRules: [
          { conditions: [] },
          { effect: 'DENY', conditions: ['NotIpRanges 192.0.2.0/24', 'Actions IMAP'] },
        ],
        gaps: [],
      },
    })
    const { users, groups } = must(read.kind === 'organization' ? read.organization : undefined)
    expect(users.map(({ id }) => id)).toEqual(organization.users.map(({ Id }) => Id))
    expect(users[0]).toEqual({
      ...{ id: 'ann', state: 'ENABLED', role: 'USER', name: 'ann', displayName: 'Ann Ahrens' },
      email: 'Ann@moving.test',
      aliases: organization.aliases.ann,
      permissions: [{ id: 'ben', type: 'USER', words: ['SEND_ON_BEHALF'] }],
      ...{ quotaMegabytes: 51_200, sizeMegabytes: 1_234.5 },
    })
    expect(users[6]).toMatchObject({ id: 'gus', email: null, aliases: [], quotaMegabytes: null })
    // Without whom WorkMail has deleted; a group without an address has members all the same.
    expect(groups[1]?.members.map(({ id }) => id)).toEqual([
      'sales',
      'inner',
      'cat',
      'nobody-knows',
    ])
    expect(groups[2]?.members.map(({ id }) => id)).toEqual(['ben', 'dan', 'inner'])
  })

  it('asks nothing of those that are not enabled, nor of what WorkMail made for itself', async () => {
    await readOrganization(asked())
    const count = (name: string) => server.calls.filter((call) => call === name).length
    // ann, ben, cat, dan and desk have mailboxes; hal is elsewhere.
    expect(count('GetMailboxDetails')).toBe(5)
  })

  it('is refused as a whole where there is none', async () => {
    const read = await readOrganization(asked({ id: `m-${'f'.repeat(32)}` }))
    expect(read).toMatchObject({ kind: 'refused', name: 'OrganizationNotFoundException' })
  })
})
