// Annotations (RFC 5464) and rights (RFC 4314) as another IMAP server tells them, asked for with commands that the client library has none for.

import type { ImapFlow } from 'imapflow'
import { ANNOTATION_BYTES_MAX } from '#shared/mailbox/annotations.ts'
import { rightByImap } from '../rights-there.ts'
import {
  type SourceAnnotation,
  SourceFailure,
  type SourceNote,
  type SourceRight,
} from '../source.ts'
import { type ImapSession, isThrottled } from './session.ts'

/** Of one folder: more than all that can be kept of one here. */
const EXTRAS_BYTES_MAX = 8 * 1024 ** 2

type Note = (note: SourceNote) => void

/** `path` as the server calls it; '' for the mailbox as a whole. */
export async function annotationsThere(
  session: ImapSession,
  path: string,
  note: Note,
): Promise<readonly SourceAnnotation[]> {
  const about = path === '' ? 'the mailbox' : path
  // RFC 5464 §1: METADATA-SERVER has none of folders.
  const capabilities = path === '' ? ['METADATA', 'METADATA-SERVER'] : ['METADATA']
  const told = await extras(session, capabilities, 'its annotations', about, note, (client) =>
    ask(client, 'GETMETADATA', 'METADATA', [
      [atom('DEPTH'), atom('infinity'), atom('MAXSIZE'), atom(String(ANNOTATION_BYTES_MAX))],
      path,
      // By its name too: of the mailbox as a whole Dovecot tells nothing that is only below what is asked for.
      ['/private', '/shared', '/private/comment'],
    ]),
  )
  const found = new Map<string, SourceAnnotation>()
  for (const { name, value } of told.flatMap(([, list]) => pairs(list))) {
    if (value === undefined) continue
    const entry = name.toLowerCase()
    const of = whose(entry, value.toString('latin1'), path === '')
    if (of === 'user') found.set(entry, { entry, value })
    if (of === 'server') {
      note({ about, reason: `${entry} is a setting of that server, and not brought` })
    }
  }
  return [...found.values()]
}

export async function rightsThere(
  session: ImapSession,
  path: string,
  isOwner: (name: string) => boolean,
  note: Note,
): Promise<readonly SourceRight[]> {
  const told = await extras(session, ['ACL'], 'what others may do there', path, note, (client) =>
    ask(client, 'GETACL', 'ACL', [path]),
  )
  return told
    .flatMap(([, ...list]) => pairs(list))
    .flatMap(({ name, value }) => rightByImap(name, value?.toString() ?? '', isOwner) ?? [])
}

/** Nothing where the server has nothing of the kind, or does not tell. */
async function extras(
  session: ImapSession,
  capabilities: readonly string[],
  what: string,
  about: string,
  note: Note,
  work: (client: ImapFlow) => Promise<readonly Attributes[]>,
): Promise<readonly Attributes[]> {
  const quietly = async (client: ImapFlow): Promise<readonly Attributes[]> => {
    if (!capabilities.some((one) => client.capabilities.has(one))) return []
    try {
      return await work(client)
    } catch (error) {
      const status = error instanceof Error && 'responseStatus' in error && error.responseStatus
      if ((status !== 'NO' && status !== 'BAD') || isThrottled(error)) throw error
      note({ about, reason: `the server does not tell ${what}` })
      return []
    }
  }
  try {
    return await session.during('', quietly, { bytesMax: EXTRAS_BYTES_MAX, what })
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
    note({ about, reason: error.message })
    return []
  }
}

// ------------------------------------------------------------------------------------------ whose

/**
 * What people set is theirs; what a server says of itself, or is told with LIST, is nobody's; what it was told to do is a setting.
 * `/shared` of the mailbox as a whole is the site's.
 */
function whose(entry: string, value: string, isOfMailbox: boolean): 'user' | 'server' | 'nobody' {
  if (isOfMailbox && entry.startsWith('/shared/')) return 'nobody'
  if (/^\/(private|shared)\/specialuse$/.test(entry)) return 'nobody'
  if (entry === '/shared/imapsieve/script') return 'server'
  const [, vendor, name = ''] = /^\/(?:private|shared)\/vendor\/([^/]+)\/(.*)$/.exec(entry) ?? []
  if (vendor === 'vendor.dovecot') return 'nobody'
  if (vendor !== 'cmu') return 'user'
  const isFact = cyrusFacts.has(name.replace(/^cyrus-imapd\//, '')) || value === 'false'
  return isFact ? 'nobody' : 'server'
}

/** What Cyrus says of each folder, or of a mailbox, by itself. */
const cyrusFacts: ReadonlySet<string> = new Set([
  ...['uniqueid', 'mailboxid', 'synccrcs', 'synccache', 'size', 'partition', 'server', 'annotsize'],
  ...['lastupdate', 'lastpop', 'foldermodseq', 'createdmodseq', 'hasalarms', 'pop3newuidl'],
  ...['duplicatedeliver', 'usermodseq', 'usercounters', 'userrawquota', 'explicit-size'],
])

// ------------------------------------------------------------------------------------------ asking

type Token = { readonly type?: string; readonly value?: unknown } | null | readonly Token[]
type Attributes = readonly Token[]
type Argument = string | { readonly type: 'ATOM'; readonly value: string } | readonly Argument[]

interface Commanding {
  exec(
    command: string,
    attributes: readonly Argument[],
    options: {
      readonly untagged: {
        readonly [name: string]: (told: { readonly attributes?: Attributes }) => Promise<void>
      }
    },
  ): Promise<{ next(): void }>
}

/** Its commands of its own are made of this one, which its types do not tell. */
const isCommanding = (client: object): client is Commanding =>
  'exec' in client && typeof client.exec === 'function'

async function ask(
  client: ImapFlow,
  command: string,
  response: string,
  words: readonly Argument[],
): Promise<readonly Attributes[]> {
  if (!isCommanding(client)) throw new Error('the client library takes no commands')
  const told: Attributes[] = []
  const untagged = {
    [response]: async ({ attributes = [] }: { readonly attributes?: Attributes }) => {
      told.push(attributes)
    },
  }
  const { next } = await client.exec(command, words, { untagged })
  next()
  return told
}

const atom = (value: string) => ({ type: 'ATOM', value }) as const

/** A list of names and values; NIL and what is no string is undefined. */
function pairs(
  list: Token | undefined,
): readonly { readonly name: string; readonly value: Buffer | undefined }[] {
  if (!isList(list)) return []
  const values = list.map(bytesOf)
  return values.flatMap((name, i) =>
    i % 2 === 0 && name !== undefined ? [{ name: name.toString(), value: values[i + 1] }] : [],
  )
}

const isList = (token: Token | undefined): token is readonly Token[] => Array.isArray(token)

function bytesOf(token: Token): Buffer | undefined {
  if (token === null || isList(token) || !('value' in token)) return undefined
  const { value } = token
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.isBuffer(value) ? value : undefined
}
