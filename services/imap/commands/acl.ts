import { parseRightsChange } from '#shared/imap/acl-arguments.ts'
import { encodeUtf8 } from '#shared/imap/byte-string.ts'
import type { Cursor } from '#shared/imap/cursor.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { identifierOf, namedEntries } from '#shared/mailbox/identifiers.ts'
import {
  allRights,
  formatRights,
  granteeOf,
  type Identifier,
  noRights,
  parseRights,
  type Rights,
  singleRights,
  union,
  userGrantee,
  without,
} from '#shared/mailbox/rights.ts'
import { type GivenIdentifier, parseIdentifier } from '../access/identifiers.ts'
import { reach, refusalOf } from '../access/reach.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'

/** SETACL. RFC 4314 §3.1. */
export const setAcl = defineCommand({
  states: ['authenticated', 'selected'],
  takesRoom: true,
  mayReportExpunge: true,
  parse(cursor) {
    const named = parseMailboxAndIdentifier(cursor)
    cursor.space()
    const { mode, rights: letters } = parseRightsChange(cursor)
    const rights = parseRights(letters)
    if (rights === undefined) return cursor.fail('one of the letters is no right')
    return { ...named, mode, rights }
  },
  run(session, { mailbox, identifier, mode, rights }) {
    return changeRights(session, 'SETACL', {
      mailbox,
      identifier,
      adds: mode === 'remove' ? noRights : rights,
      next: (before) => {
        if (mode === 'replace') return rights
        return mode === 'add' ? union(before, rights) : without(before, rights)
      },
    })
  },
})

/** DELETEACL. RFC 4314 §3.2. */
export const deleteAcl = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: parseMailboxAndIdentifier,
  run: (session, named) =>
    changeRights(session, 'DELETEACL', { ...named, adds: noRights, next: () => noRights }),
})

/** GETACL: the owner, who has all rights, and the entries. RFC 4314 §3.3. */
export const getAcl = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: parseMailbox,
  async run(session, mailbox, wire): Promise<Completion> {
    const reached = await reach(session, 'GETACL', mailbox)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const { folder } = reached
    const { mailbox: store, people } = session.deps
    const list = folder.shared ? await store.access.list(folder) : new Map<Identifier, Rights>()
    const owner = (await people.byIds([folder.accountId])).get(folder.accountId)
    const entries = await namedEntries(people, list)
    const writer = writerOf(session)
    writer.raw('* ACL ')
    writer.mailbox(mailbox)
    for (const [name, rights] of [
      ...(owner === undefined ? [] : ([[owner.address, allRights]] as const)),
      ...entries,
    ]) {
      writer.raw(' ')
      writer.astring(encodeUtf8(name))
      writer.raw(` ${formatRights(rights)}`)
    }
    writer.endLine()
    for (const piece of writer.take()) wire.write(piece)
    return completed('GETACL')
  },
})

/** LISTRIGHTS: which rights can be given, each by itself. RFC 4314 §3.4. */
export const listRights = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: parseMailboxAndIdentifier,
  async run(session, { mailbox, identifier }, wire): Promise<Completion> {
    const reached = await reach(session, 'LISTRIGHTS', mailbox)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const known = await identifierOf(session.deps.people, identifier.text)
    if (known === undefined) return replies.noSuchIdentifier
    const isOwner = granteeOf(known) === userGrantee(reached.folder.accountId)
    const writer = writerOf(session)
    writer.raw('* LISTRIGHTS ')
    writer.mailbox(mailbox)
    writer.raw(' ')
    // RFC 4314 §3.4: in the form of the command.
    writer.astring(identifier.given)
    if (isOwner) writer.raw(` ${formatRights(allRights)}`)
    else writer.raw([' ""', ...(mayGive(session, known) ? singleRights : [])].join(' '))
    writer.endLine()
    wire.write(writer.takeBuffer())
    return completed('LISTRIGHTS')
  },
})

/** MYRIGHTS. RFC 4314 §3.5. */
export const myRights = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: parseMailbox,
  async run(session, mailbox, wire): Promise<Completion> {
    const reached = await reach(session, 'MYRIGHTS', mailbox)
    if (reached.kind !== 'folder') return refusalOf(reached)
    const writer = writerOf(session)
    writeMyRights(writer, mailbox, reached.rights)
    wire.write(writer.takeBuffer())
    return completed('MYRIGHTS')
  },
})

/** RFC 4314 §3.8; LIST tells it too (RFC 8440). */
export function writeMyRights(writer: ResponseWriter, mailbox: string, rights: Rights): void {
  writer.raw('* MYRIGHTS ')
  writer.mailbox(mailbox)
  writer.raw(` ${formatRights(rights)}`)
  writer.endLine()
}

async function changeRights(
  session: Session,
  name: 'SETACL' | 'DELETEACL',
  given: {
    readonly mailbox: string
    readonly identifier: GivenIdentifier
    readonly adds: Rights
    readonly next: (before: Rights) => Rights
  },
): Promise<Completion> {
  const reached = await reach(session, name, given.mailbox)
  if (reached.kind !== 'folder') return refusalOf(reached)
  const identifier = await identifierOf(session.deps.people, given.identifier.text)
  if (identifier === undefined) return replies.noSuchIdentifier
  if (given.adds !== noRights && !mayGive(session, identifier)) return replies.notToEveryone
  const { access } = session.deps.mailbox
  const set = await access.change(reached.folder, identifier, given.next)
  switch (set.kind) {
    case 'set':
      session.log.info(
        {
          command: name,
          folder: given.mailbox,
          identifier: given.identifier.text,
          rights: set.rights,
        },
        'rights changed',
      )
      return completed(name)
    case 'no-such-folder':
      return replies.noSuchMailbox
    case 'is-owner':
      return replies.ownerHasAll
    case 'too-many':
      return replies.tooManyRights
  }
}

/** Rights for all at once are the operator's to give, unless `aclAnyone` says otherwise; taking away is everybody's. */
function mayGive({ deps }: Session, identifier: Identifier): boolean {
  return deps.options.aclAnyone || /^(?:user=|-)/.test(identifier)
}

function writerOf({ utf8 }: Session): ResponseWriter {
  const writer = new ResponseWriter()
  writer.utf8 = utf8
  return writer
}

function parseMailbox(cursor: Cursor): string {
  cursor.space()
  return cursor.mailbox()
}

function parseMailboxAndIdentifier(cursor: Cursor) {
  const mailbox = parseMailbox(cursor)
  cursor.space()
  return { mailbox, identifier: parseIdentifier(cursor) }
}
