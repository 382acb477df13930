// An organization from files, which is the one that the API tells of.

import { execFileSync } from 'node:child_process'
import { symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askWorkMail, openWorkMailClient } from '#services/aws/workmail/ask.ts'
import { readOrganization } from '#shared/moving/workmail/read-organization.ts'
import { ANSWER_BYTES_MAX, answersIn, savedName } from '#shared/moving/workmail/saved-answers.ts'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { ORGANIZATION_ID, organization } from '#test/support/aws/workmail-organization.ts'
import { startWorkMail } from '#test/support/aws/workmail-server.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  await saveAnswers(organization, folder.path)
})
afterEach(() => folder[Symbol.asyncDispose]())

const file = (name: string) => join(folder.path, name)
const read = () => readOrganization(answersIn(folder.path))

describe('answers of WorkMail from a folder', () => {
  it('make the organization that the API tells of', async () => {
    await using server = await startWorkMail(organization)
    const { endpoint } = server
    const client = openWorkMailClient({
      region: 'eu-west-1',
      endpoint,
      credentials: testCredentials,
    })
    const told = await readOrganization(askWorkMail(client, ORGANIZATION_ID))
    expect(await read()).toEqual(told)
  })

  it('are read as PowerShell writes them', async () => {
    const wide = Buffer.from(
      `\ufeff${JSON.stringify({ Aliases: ['wide@moving.test'] })}`,
      'utf16le',
    )
    await writeFile(file('list-aliases.ben.json'), wide)
    const found = await read()
    expect(found.kind === 'organization' && found.organization.users[1]?.aliases).toEqual([
      'wide@moving.test',
    ])
  })

  it('leave a gap where one of somebody is not there or empty', async () => {
    await unlink(file('list-aliases.ann.json'))
    await writeFile(file('list-group-members.sales.json'), '\n')
    const found = await read()
    expect(found.kind === 'organization' && found.organization.gaps).toEqual([
      { question: 'ListAliases', of: 'ann', why: 'there is no list-aliases.ann.json' },
      { question: 'ListGroupMembers', of: 'sales', why: 'list-group-members.sales.json is empty' },
    ])
  })

  it.each(['list-users.json', 'list-mail-domains.json'])('are none without %s', async (name) => {
    await unlink(file(name))
    expect(await read()).toMatchObject({ kind: 'refused', why: `there is no ${name}` })
  })

  it('are refused where a file is no JSON, a link, a pipe, or too large', async () => {
    const name = 'list-aliases.ann.json'
    await writeFile(file(name), '{"Aliases": [')
    expect(await read()).toMatchObject({ kind: 'refused', why: `${name} is no JSON` })
    await unlink(file(name))
    await symlink('/etc/passwd', file(name))
    expect(await read()).toMatchObject({ kind: 'refused', why: expect.stringContaining('a link') })
    await unlink(file(name))
    execFileSync('mkfifo', [file(name)])
    expect(await read()).toMatchObject({ kind: 'refused', why: `${name} is no file` })
    await unlink(file(name))
    await writeFile(file(name), '{}')
    await truncate(file(name), ANSWER_BYTES_MAX + 1)
    expect(await read()).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('more than'),
    })
  })

  it('are looked for in the folder alone, whatever an id says', () => {
    expect(savedName('ListAliases', 'S-1-1-12-3456')).toBe('list-aliases.S-1-1-12-3456.json')
    for (const id of ['../../etc/x', '/etc/x', 'a/b', '..', '', 'a\0b', 'x'.repeat(201)]) {
      expect(savedName('ListAliases', id)).toBeUndefined()
    }
  })

  it('are believed in nothing: what has another kind is as not there', async () => {
    for (const answer of [
      'null',
      '[]',
      '7',
      '{"Users":{"0":{}}}',
      '{"Users":[null,7,{},{"Id":5}]}',
    ]) {
      await writeFile(file('list-users.json'), answer)
      expect(await read()).toMatchObject({ kind: 'organization', organization: { users: [] } })
    }
  })
})
