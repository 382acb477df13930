// Gmail's IMAP server as Google describes it (https://developers.google.com/workspace/gmail/imap/imap-extensions): labels are folders,
// a message has one X-GM-MSGID in all of them, and X-GM-LABELS tells all but that of the folder which is open.

import { once } from 'node:events'
import { createServer } from 'node:net'

export type GmailMessage = {
  readonly id: string
  /** As on the wire: `\Inbox`, names of people in modified UTF-7. */
  labels: readonly string[]
  flags: readonly string[]
  readonly text: string
  /** In place of \All. */
  place?: '\\Junk' | '\\Trash'
}

export interface GmailServer extends AsyncDisposable {
  readonly port: number
  /** In the order in which they arrived; one that is taken out is gone. */
  readonly messages: GmailMessage[]
  /** Ids of messages whose bytes were asked for. */
  readonly read: string[]
  /** What is said in place of an answer, behind the tag. */
  refuses: (command: string) => string | undefined
}

export type GmailTerms = {
  /** Labels of people that IMAP shows. */
  readonly labels: readonly string[]
  readonly hidesAllMail?: boolean
  /** As in Google's documentation: before RFC 6154. */
  readonly speaksXlist?: boolean
}

type Folder = {
  readonly name: string
  readonly attributes: string
  readonly holds: (message: GmailMessage) => boolean
  readonly label: string
  readonly uids: Map<string, number>
  uidNext: number
}

const special = [
  ['INBOX', '', '\\Inbox'],
  ['[Gmail]/Drafts', '\\Drafts', '\\Draft'],
  ['[Gmail]/Important', '\\Important', '\\Important'],
  ['[Gmail]/Sent Mail', '\\Sent', '\\Sent'],
  ['[Gmail]/Starred', '\\Flagged', '\\Starred'],
] as const

const asXlist: { readonly [use: string]: string } = {
  '': '\\Inbox',
  '\\All': '\\AllMail',
  '\\Junk': '\\Spam',
  '\\Flagged': '\\Starred',
}

export async function startGmail({
  labels,
  hidesAllMail = false,
  speaksXlist = false,
}: GmailTerms): Promise<GmailServer> {
  const messages: GmailMessage[] = []
  const read: string[] = []
  const folder = (name: string, use: string, label: string, holds?: Folder['holds']): Folder => ({
    name,
    attributes: `\\HasNoChildren ${speaksXlist ? (asXlist[use] ?? use) : use}`.trim(),
    label,
    holds: holds ?? (({ place, labels: all }) => place === undefined && all.includes(label)),
    uids: new Map(),
    uidNext: 101,
  })
  const folders: readonly Folder[] = [
    ...special.map(([name, use, label]) => folder(name, use, label)),
    ...labels.map((label) => ({ ...folder(label, '', label), attributes: '\\HasNoChildren' })),
    ...(hidesAllMail ? [] : [folder('[Gmail]/All Mail', '\\All', '', (m) => !m.place)]),
    folder('[Gmail]/Spam', '\\Junk', '', ({ place }) => place === '\\Junk'),
    folder('[Gmail]/Trash', '\\Trash', '', ({ place }) => place === '\\Trash'),
  ]
  const gmail: Omit<GmailServer, typeof Symbol.asyncDispose> = {
    get port() {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    },
    messages,
    read,
    refuses: () => undefined,
  }

  /** Whoever comes into a folder gets the next uid there, and another one when he comes back. */
  function membersOf(one: Folder): (readonly [uid: number, message: GmailMessage])[] {
    const inside = messages.filter(one.holds)
    for (const id of one.uids.keys()) {
      if (!inside.some((message) => message.id === id)) one.uids.delete(id)
    }
    for (const { id } of inside) {
      if (one.uids.has(id)) continue
      one.uids.set(id, one.uidNext)
      one.uidNext += 2
    }
    return inside
      .map((message) => [one.uids.get(message.id) ?? 0, message] as const)
      .sort(([a], [b]) => a - b)
  }

  const capability = `CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 AUTH=PLAIN SASL-IR${speaksXlist ? '' : ' ENABLE CONDSTORE LIST-EXTENDED SPECIAL-USE UIDPLUS MOVE'}`

  const server = createServer((socket) => {
    let open: Folder | undefined
    let text = ''
    socket.on('error', () => undefined)
    socket.write('* OK Gimap ready for requests from 127.0.0.1\r\n')
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const [tag = '', ...words] = text.slice(0, end).split(' ')
        text = text.slice(end + 2)
        const command = words.join(' ')
        const refusal = gmail.refuses(command)
        socket.write(
          refusal === undefined ? answer(tag, command) : `${tag} ${refusal}\r\n`,
          'latin1',
        )
      }
    })

    function answer(tag: string, command: string): string {
      const done = `${tag} OK Success\r\n`
      const [word = ''] = command.split(' ')
      if (word === 'CAPABILITY') return `* ${capability}\r\n${done}`
      if (word === 'NAMESPACE') return `* NAMESPACE (("" "/")) NIL NIL\r\n${done}`
      if (word === 'ENABLE') return `* ENABLED CONDSTORE\r\n${done}`
      if (word === 'XLIST' && !speaksXlist) return `${tag} BAD Unknown command\r\n`
      if (word === 'LIST' || word === 'XLIST' || word === 'LSUB') {
        const all = folders.map(
          ({ name, attributes }) => `* ${word} (${attributes}) "/" "${name}"\r\n`,
        )
        return `${all.join('')}* ${word} (\\HasChildren \\Noselect) "/" "[Gmail]"\r\n${done}`
      }
      if (word === 'EXAMINE') {
        const name = command
          .slice(word.length + 1)
          .replaceAll('"', '')
          .replace(/ \(.*/, '')
        open = folders.find((one) => one.name === name)
        if (open === undefined)
          return `${tag} NO [NONEXISTENT] Unknown Mailbox: ${name} (Failure)\r\n`
        const exists = membersOf(open).length
        // Of a folder whose labels change Gmail need not say that anything did.
        const condstore = speaksXlist ? '' : '* OK [HIGHESTMODSEQ 7]\r\n'
        return `* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)\r\n* OK [UIDVALIDITY ${folders.indexOf(open) + 11}] UIDs valid.\r\n* ${exists} EXISTS\r\n* OK [UIDNEXT ${open.uidNext}] Predicted next UID.\r\n${condstore}${tag} OK [READ-ONLY] ${name} selected. (Success)\r\n`
      }
      if (open !== undefined && command.startsWith('UID SEARCH ')) {
        const [first = 1, last = first] = command.slice('UID SEARCH '.length).split(':').map(Number)
        const uids = membersOf(open)
          .map(([uid]) => uid)
          .slice(first - 1, last)
        return `* SEARCH ${uids.join(' ')}\r\n${done}`
      }
      if (open !== undefined && command.startsWith('UID FETCH '))
        return `${fetched(open, command)}${done}`
      return done
    }
  })

  function fetched(one: Folder, command: string): string {
    const [, , set = '', ...rest] = command.split(' ')
    const wanted = new Set(set.split(',').map(Number))
    const items = rest.join(' ')
    const lines = membersOf(one).map(([uid, message], i) => {
      if (!wanted.has(uid)) return ''
      const { id, flags, text } = message
      const told = message.labels.filter((label) => label !== one.label)
      const parts = [
        `X-GM-MSGID ${id}`,
        `UID ${uid}`,
        ...(items.includes('X-GM-LABELS') ? [`X-GM-LABELS (${told.map(quoted).join(' ')})`] : []),
        ...(items.includes('RFC822.SIZE') ? [`RFC822.SIZE ${text.length}`] : []),
        ...(items.includes('INTERNALDATE') ? ['INTERNALDATE "17-Jul-2012 02:44:25 +0000"'] : []),
        ...(items.includes('FLAGS') ? [`FLAGS (${flags.join(' ')})`] : []),
        ...(items.includes('MODSEQ') ? ['MODSEQ (7)'] : []),
      ]
      if (items.includes('BODY.PEEK[]')) {
        read.push(id)
        parts.push(`BODY[] {${text.length}}\r\n${text}`)
      }
      return `* ${i + 1} FETCH (${parts.join(' ')})\r\n`
    })
    return lines.join('')
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(gmail, { [Symbol.asyncDispose]: async () => void server.close() })
}

/** Of what it knows itself Gmail writes the backslash twice, in quotes; the documentation shows atoms too. */
const quoted = (label: string) =>
  label === '\\Sent' || /^[A-Za-z0-9&/+-]+$/.test(label)
    ? label
    : `"${label.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
