// What commands tell of a mailbox of somebody else that answer OK whatever the rights in it are, with each right missing in turn:
// RFC 4314 §4, RFC 5464 §3.3, RFC 5465 §5, RFC 5819 §2, RFC 7377 §2.2.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allRights, type Rights, userGrantee, without } from '#shared/mailbox/rights.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'

const owner = 'ann@example.test'
const reader = 'bob@example.test'
const name = `Other Users/${owner}/Box`
const url = `/Other%20Users/${owner}/Box/;UID=1`

let server: ImapServer

beforeAll(async () => {
  server = await startImapServer()
  await server.mailbox.folders.create(accountId(owner), 'Box', ['\\Important'])
  await server.seed(await box(), 'Subject: one\r\n\r\nOne.\r\n')
  await server.mailbox.annotations.set(await box(), [
    { entry: '/shared/comment', value: Buffer.from('x') },
  ])
})
afterAll(() => server.stop())

async function box() {
  const folder = await server.mailbox.folders.find(accountId(owner), 'Box')
  if (folder === undefined) throw new Error('no folder')
  return folder
}

async function answered(rights: string, command: string) {
  const who = userGrantee(accountId(reader))
  await server.mailbox.access.change(await box(), who, () => rights as Rights)
  const client = await ImapClient.login(server.port, reader)
  const answer = await client.command(command)
  client.close()
  return answer
}

/** The status, and what is told of the mailbox. */
async function told(rights: string, command: string): Promise<string> {
  const { status, untagged } = await answered(rights, command)
  const about = untagged.filter((line) => line.includes(name)).map((line) => line.split(' ', 1)[0])
  return [status, ...about].join(' ')
}

describe('of a mailbox of somebody else', () => {
  it.each([
    ['LIST "" "Other Users/%/%"', 'l', 'OK LIST'],
    ['LIST "" "Other Users/%/%" RETURN (MYRIGHTS)', 'l', 'OK LIST MYRIGHTS'],
    [`ESEARCH IN (mailboxes "${name}") ALL`, 'r', 'OK ESEARCH'],
    [`ESEARCH IN (subtree "Other Users/${owner}") ALL`, 'lr', 'OK ESEARCH'],
    [`NOTIFY SET STATUS (mailboxes "${name}" (MessageNew MessageExpunge))`, 'lr', 'OK STATUS'],
  ])('%s tells nothing without each of "%s"', async (command, needs, all) => {
    for (const missing of allRights) {
      const answer = await told(without(allRights, missing as Rights), command)
      const expected = needs.includes(missing) ? 'OK' : all
      expect(`without ${missing}: ${answer}`).toBe(`without ${missing}: ${expected}`)
    }
    expect(await told(needs, command)).toBe(all)
    expect(await told('', command)).toBe('OK')
  })

  it('LIST tells a status only where it may be read, and else that it cannot be selected', async () => {
    const command = 'LIST "" "Other Users/%/%" RETURN (STATUS (MESSAGES))'
    for (const missing of allRights) {
      const answer = await told(without(allRights, missing as Rights), command)
      const expected = missing === 'l' ? 'OK' : missing === 'r' ? 'OK LIST' : 'OK LIST STATUS'
      expect(`without ${missing}: ${answer}`).toBe(`without ${missing}: ${expected}`)
    }
  })

  it("LIST tells no special use: it is the other one's own", async () => {
    const { untagged } = await answered('lr', 'LIST "" "Other Users/%/%" RETURN (SPECIAL-USE)')
    expect(untagged.filter((line) => line.includes(name))).toHaveLength(1)
    expect(untagged.join()).not.toContain('Important')
  })

  // RFC 4314 §6
  it.each(['GETACL', 'SETMETADATA', 'DELETE', 'STATUS'])(
    '%s refused is no answer to whether there is one, but to who may see it',
    async (command) => {
      const rest = { SETMETADATA: ' (/shared/comment "y")', STATUS: ' (MESSAGES)' }
      const line = (of: string) => `${command} "${of}"${rest[command as keyof typeof rest] ?? ''}`
      const none = await answered('i', line(`${name}/none`))
      expect(none.status).toBe('NO')
      expect(await answered('i', line(name))).toEqual(none)
      expect(await answered('l', line(name))).not.toEqual(none)
    },
  )

  it('an account is known in one namespace only', async () => {
    expect(await told('lr', `STATUS "${name}" (MESSAGES)`)).toBe('OK STATUS')
    const shared = name.replace('Other Users', 'Shared')
    const { status } = await answered('lr', `STATUS "${shared}" (MESSAGES)`)
    expect(status).toBe('NO')
  })

  it('a CATENATE takes nothing without r', async () => {
    const command = `APPEND INBOX CATENATE (URL "${url}")`
    for (const missing of allRights) {
      const answer = await told(without(allRights, missing as Rights), command)
      const expected = missing === 'r' ? 'NO' : 'OK'
      expect(`without ${missing}: ${answer}`).toBe(`without ${missing}: ${expected}`)
    }
    expect(await told('r', command)).toBe('OK')
  })

  it.each(Array.from(allRights))(
    'its rights are told to who has %s alone where that is one of l, r, i, k, x and a',
    async (right) => {
      // RFC 4314 §4
      const expected = 'lrikxa'.includes(right) ? 'OK MYRIGHTS' : 'NO'
      expect(await told(right, `MYRIGHTS "${name}"`)).toBe(expected)
    },
  )

  it('annotations are read with l and one of r, s, w, i and p', async () => {
    const command = `GETMETADATA "${name}" /shared/comment`
    for (const right of allRights) {
      const expected = 'rswip'.includes(right) ? 'OK METADATA' : 'NO'
      const rights = right === 'l' ? 'l' : `l${right}`
      expect(`${rights}: ${await told(rights, command)}`).toBe(`${rights}: ${expected}`)
    }
    expect(await told(without(allRights, 'l' as Rights), command)).toBe('NO')
  })
})
