// All that a mail program can see of an account, over IMAP and POP3: to compare two servers with each other.

import { createHash } from 'node:crypto'
import { decodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
import { ImapClient } from './imap-client.ts'
import { Pop3Client } from './pop3-client.ts'

/** By folder, in names joined by `/`. */
export type MailboxSeen = Readonly<Record<string, FolderSeen>>
export type FolderSeen = {
  readonly uidValidity: number
  readonly uidNext: number
  /** A line each: uid, flags, date, size, hash of the bytes. */
  readonly messages: readonly string[]
}

type Login = { readonly port: number; readonly login: string; readonly password: string }

/** Folders without messages are left out. */
export async function seenByImap({ port, login, password }: Login): Promise<MailboxSeen> {
  const client = await ImapClient.connect(port)
  await client.ok(`LOGIN ${login} ${password}`)
  const listed = await client.ok('LIST "" *')
  const seen: [string, FolderSeen][] = []
  for (const line of listed.untagged) {
    const [, attributes = '', delimiter = '', name = ''] =
      /^LIST \(([^)]*)\) "(.)" (.*)$/.exec(line) ?? []
    if (/\\NoSelect/i.test(attributes)) continue
    const bare = name.replace(/^"(.*)"$/, '$1').replaceAll('\\"', '"')
    const folder = await folderSeen(client, name)
    if (folder.messages.length === 0) continue
    seen.push([(decodeModifiedUtf7(bare) ?? bare).replaceAll(delimiter, '/'), folder])
  }
  client.close()
  return Object.fromEntries(seen.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function folderSeen(client: ImapClient, name: string): Promise<FolderSeen> {
  const selected = await client.ok(`EXAMINE ${name}`)
  const number = (code: string) =>
    Number(selected.untagged.join('\n').match(new RegExp(`\\[${code} (\\d+)`))?.[1])
  const exists = Number(selected.untagged.join('\n').match(/^(\d+) EXISTS/m)?.[1])
  const messages: string[] = []
  if (exists > 0) {
    const fetched = await client.ok(
      'UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])',
    )
    for (const line of fetched.untagged) {
      const at = line.search(/\{\d+\}\r\n/)
      if (at < 0) continue
      const head = line.slice(0, at)
      const size = Number(/\{(\d+)\}/.exec(line.slice(at))?.[1])
      const from = line.indexOf('\r\n', at) + 2
      const bytes = Buffer.from(line.slice(from, from + size), 'latin1')
      const rest = head + line.slice(from + size)
      const item = (pattern: RegExp) => pattern.exec(rest)?.[1] ?? ''
      const flags = item(/FLAGS \(([^)]*)\)/)
        .split(' ')
        .filter((flag) => flag !== '')
        .sort()
      const date = Date.parse(item(/INTERNALDATE "([^"]*)"/))
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
      messages.push(
        [
          item(/UID (\d+)/),
          flags.join(' '),
          new Date(date).toISOString(),
          item(/RFC822\.SIZE (\d+)/),
          hash,
        ].join('|'),
      )
    }
  }
  return { uidValidity: number('UIDVALIDITY'), uidNext: number('UIDNEXT'), messages }
}

/** A line each: number, name, hash of what RETR sends. */
export async function seenByPop3({ port, login, password }: Login): Promise<readonly string[]> {
  await using client = await Pop3Client.open(port)
  const status = await client.logIn(login, password)
  if (!status.startsWith('+OK')) throw new Error(status)
  const lines = await client.list('UIDL')
  const seen: string[] = []
  for (const line of lines) {
    const bytes = await client.multiline(`RETR ${line.split(' ')[0]}`)
    seen.push(`${line} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`)
  }
  await client.quit()
  return seen
}
