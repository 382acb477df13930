// What somebody may mean by a few characters: an address, a domain, a message by its id or Message-ID, a host, a setting, something to do. Hits of
// the directory are looked up; of the rest it is said where to look.

import type { DirectorySearch, Found } from '#shared/directory/search.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { parseNetwork } from '#shared/settings/networks.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import { type BadValue, badValue } from './refusals.ts'
import type { Actor } from './rights/actor.ts'
import { extentOf } from './rights/allowed.ts'
import type { Right } from './rights/rights.ts'

export type SearchGroupKind =
  | 'accounts'
  | 'aliases'
  | 'domains'
  | 'messages'
  | 'hosts'
  | 'settings'
  | 'actions'

export type SearchHit = {
  /** As it is called: an address, the path of a setting. */
  readonly name: string
  /** What else is known of it: a display name, what a setting is for; '' for nothing. */
  readonly detail: string
}

export type SearchGroup = {
  readonly kind: SearchGroupKind
  readonly hits: readonly SearchHit[]
  /** How many there are beside these. */
  readonly rest: number
  /** And more than that, which nobody counted. */
  readonly isMore: boolean
}

export type SearchFound = {
  readonly kind: 'found'
  readonly groups: readonly SearchGroup[]
  /** False while the words of an older store are still being written: something may be missing. */
  readonly isComplete: boolean
}

export const SEARCH_CHARACTERS_MAX = 320
const HITS_MAX = 5

/** What may be done to an account, as the command line calls it. */
const actions: readonly { readonly verb: string; readonly right: Right }[] = [
  { verb: 'freeze', right: 'directory.write' },
  { verb: 'unfreeze', right: 'directory.write' },
  { verb: 'disable', right: 'directory.write' },
  { verb: 'enable', right: 'directory.write' },
  { verb: 'contain', right: 'accounts.contain' },
  { verb: 'password', right: 'credentials.reset' },
  { verb: 'trace', right: 'trace.read' },
]

export function createSearch(directory: DirectorySearch) {
  async function find(text: string, actor: Actor): Promise<SearchFound | BadValue> {
    const asked = text.trim()
    if (asked === '' || asked.length > SEARCH_CHARACTERS_MAX || /\p{Cc}/u.test(asked)) {
      return badValue('search', text, { name: 'one-line', charactersMax: SEARCH_CHARACTERS_MAX })
    }
    const may = (right: Right) => extentOf(actor, right) !== undefined
    const extent = extentOf(actor, 'directory.read')
    const groups: SearchGroup[] = []
    let isComplete = true
    // Whoever sees himself alone has nothing to look for there.
    if (extent !== undefined && extent.kind !== 'self') {
      const domains = extent.kind === 'domains' ? extent.domains : undefined
      const found = await directory.find({ text: asked, domains })
      isComplete = found.isComplete
      groups.push(
        groupOf('accounts', found.accounts, ({ address, displayName }) => ({
          name: formatAddress(address),
          detail: displayName,
        })),
        groupOf('aliases', found.aliases, (address) => ({
          name: formatAddress(address),
          detail: '',
        })),
        groupOf('domains', found.domains, (domain) => ({ name: domain, detail: '' })),
      )
    }
    if (may('trace.read')) groups.push(one('messages', messageIn(asked)))
    if (may('policy.read')) groups.push(one('hosts', hostIn(asked)))
    if (may('settings.read')) groups.push(settingsLike(asked))
    groups.push(some('actions', actionsIn(asked, may)))
    return { kind: 'found', groups: groups.filter(({ hits }) => hits.length > 0), isComplete }
  }

  return { find }
}

export type Search = ReturnType<typeof createSearch>

function groupOf<T>(
  kind: SearchGroupKind,
  { hits, rest, isMore }: Found<T>,
  hitOf: (one: T) => SearchHit,
): SearchGroup {
  return { kind, hits: hits.map(hitOf), rest, isMore }
}

const some = (kind: SearchGroupKind, hits: readonly SearchHit[]): SearchGroup => ({
  kind,
  hits: hits.slice(0, HITS_MAX),
  rest: Math.max(0, hits.length - HITS_MAX),
  isMore: false,
})

const one = (kind: SearchGroupKind, name: string | undefined) =>
  some(kind, name === undefined ? [] : [{ name, detail: '' }])

/** A queue id, or a Message-ID in angle brackets; and an address, whose mail may be meant. */
function messageIn(text: string): string | undefined {
  const queueId = parseQueueId(text.toUpperCase())
  if (queueId !== undefined) return queueId
  if (/^<[^<>\s]+>$/.test(text)) return text
  return parseAddress(text) === undefined ? undefined : text
}

const hostIn = (text: string) =>
  /^[0-9a-f.:/]+$/i.test(text) && parseNetwork(text) !== undefined ? text : undefined

/** By its path, what it is called elsewhere, or a word of these. */
function settingsLike(text: string): SearchGroup {
  const wanted = text.toLowerCase().replaceAll('_', '')
  const hits: SearchHit[] = []
  for (const [path, { facts }] of settingsByPath) {
    const names = [path, facts.known?.postfix ?? '', facts.known?.dovecot ?? '']
    const isLike = names.some((name) => name.toLowerCase().replaceAll('_', '').includes(wanted))
    if (isLike) hits.push({ name: path, detail: facts.about })
  }
  const begins = ({ name }: SearchHit) => (name.toLowerCase().startsWith(wanted) ? 0 : 1)
  return some(
    'settings',
    hits.sort((a, b) => begins(a) - begins(b)),
  )
}

/** `freeze ann@example.org`, or the beginning of it. */
function actionsIn(text: string, may: (right: Right) => boolean): readonly SearchHit[] {
  const [verb = '', ...rest] = text.toLowerCase().split(' ')
  return actions
    .filter((action) => action.verb.startsWith(verb) && may(action.right))
    .map((action) => ({ name: action.verb, detail: rest.join(' ') }))
}
