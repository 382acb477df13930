// The lists that scripts may ask (RFC 6134). Address books are the account's own: annotations of it, which every IMAP client with METADATA
// writes (RFC 5464), a value on each line. Lists of the domain are its aliases: `tag:example.com,2026:team` is whom team@example.com leads
// to. Each is read once in a run, when it is asked for.

import { mayBeOwn } from '#shared/mail/address.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { parseParts } from './rows/outbound-address.ts'
import type { RunContext } from './run/context.ts'
import { ADDRESS_BOOKS } from './run/list-name.ts'

export type ListSources = {
  /** Of the owner's address. */
  readonly domain: string
  /** An annotation of the account; undefined where there is none. */
  readonly annotation: (entry: string) => Promise<string | undefined>
  /** Where an alias of the domain leads; undefined for what is none. */
  readonly aliasTargets: (local: string) => Promise<readonly string[] | undefined>
}

/** Behind it stands the name of an address book. */
export const ADDRESS_BOOK_ENTRIES = '/private/vendor/postwolke/addrbook/'

export function createLists(
  sources: ListSources,
): Required<Pick<RunContext, 'listHolds' | 'listMembers'>> {
  const known = new Map<string, Promise<List | undefined>>()

  function find(name: string): Promise<List | undefined> {
    let list = known.get(name)
    if (list === undefined) {
      list = readList(name, sources)
      known.set(name, list)
    }
    return list
  }

  return {
    async listHolds(name, value) {
      const list = await find(name)
      return list && candidates(value).some((each) => list.keys.has(each))
    },
    listMembers: async (name) => (await find(name))?.members,
  }
}

type List = { readonly members: readonly string[]; readonly keys: ReadonlySet<string> }

async function readList(name: string, sources: ListSources): Promise<List | undefined> {
  const members = name.startsWith(ADDRESS_BOOKS)
    ? await bookMembers(name.slice(ADDRESS_BOOKS.length).toLowerCase(), sources)
    : await aliasMembers(name, sources)
  return members && { members, keys: new Set(members.map((each) => each.toLowerCase())) }
}

async function bookMembers(book: string, { annotation }: ListSources) {
  if (!/^[a-z0-9._-]{1,80}$/.test(book)) return undefined
  const text = await annotation(ADDRESS_BOOK_ENTRIES + book)
  // RFC 6134 §2.6: this one everybody has, if with nobody in it.
  if (text === undefined) return book === 'default' ? [] : undefined
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

async function aliasMembers(name: string, { domain, aliasTargets }: ListSources) {
  const [, authority = '', local = ''] = /^tag:([^,:]{1,300}),[^:]*:(.*)$/s.exec(name) ?? []
  const own = parseDomain(domain)
  // Whom other domains write to is theirs.
  if (local === '' || own === undefined || parseDomain(authority) !== own) return undefined
  // What is none cannot be looked up either.
  const address = parseParts(local, own)
  return address && mayBeOwn(address) ? await aliasTargets(address.local) : undefined
}

/** A value is held as it is, and a field by each address in it (RFC 6134 §2.7 example 3). */
function candidates(value: string): readonly string[] {
  const addresses = parseAddressList(Buffer.from(value, 'utf8').toString('latin1'))
    .filter(({ mailbox, host }) => mailbox !== null && host)
    .map(({ mailbox, host }) => Buffer.from(`${mailbox}@${host}`, 'latin1').toString('utf8'))
  return [value.trim(), ...addresses].map((each) => each.toLowerCase())
}
