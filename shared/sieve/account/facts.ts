// What scripts ask of the world besides the message: folders, annotations, what policy found. Each is read when it is asked for, once in a
// run, and how much a run may ask has a limit: beyond it the run fails.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Aliases } from '#shared/directory/aliases.ts'
import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { usesNamed } from '#shared/mailbox/special-use.ts'
import { createLists } from '#shared/sieve/lists.ts'
import type { FolderFacts } from '#shared/sieve/run/context.ts'
import { LimitExceeded } from '#shared/sieve/run/failure.ts'

/** Reads of the store that one run may cause, folders, annotations and what was seen together. */
export const LOOKUPS_MAX = 64

/** Asks each question once. */
export class Lookups {
  readonly #known = new Map<string, Promise<unknown>>()

  once<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(question)
    // What was asked by this name is of this type.
    if (known !== undefined) return known as Promise<T>
    if (this.#known.size >= LOOKUPS_MAX) {
      throw new LimitExceeded(`more than ${LOOKUPS_MAX} questions about folders and messages`)
    }
    const asked = ask()
    this.#known.set(question, asked)
    return asked
  }
}

export function createFolderFacts(
  mailbox: Pick<Mailbox, 'folders' | 'annotations'>,
  accountId: AccountId,
  lookups: Lookups,
): FolderFacts {
  const { folders, annotations } = mailbox

  const find = (path: string): Promise<FolderRecord | undefined> =>
    lookups.once(`folder ${path}`, () => folders.find(accountId, path))

  async function entries(path: string | null) {
    const folder = path === null ? null : await find(path)
    if (folder === undefined) return []
    const id = folder?.id ?? null
    return await lookups.once(`entries ${id}`, () => annotations.get({ accountId, id }))
  }

  return {
    exists: async (path) => (await find(path))?.selectable === true,

    async idExists(id) {
      const all = await lookups.once('folders', () => folders.list(accountId))
      return all.some(({ mailboxId, selectable }) => selectable && mailboxId === id)
    },

    async hasSpecialUse(path, written) {
      const [use] = usesNamed([written]) ?? []
      if (use === undefined) return false
      const used = await lookups.once(`use ${use}`, () => folders.findUse(accountId, use))
      if (used === undefined) return false
      return path === null || (await find(path))?.id === used.id
    },

    async metadata(path, entry) {
      const name = entry.toLowerCase()
      const found = (await entries(path)).find((each) => each.entry === name)
      return found && Buffer.from(found.value).toString('utf8')
    },
  }
}

/** Address books are annotations of the account, and the other lists aliases of its domain. */
export function createListFacts(
  aliases: Pick<Aliases, 'get'>,
  folders: Pick<FolderFacts, 'metadata'>,
  owner: string,
  lookups: Lookups,
): ReturnType<typeof createLists> {
  const domain = parseAddress(owner)?.domain
  return createLists({
    domain: domain ?? '',
    annotation: (entry) => folders.metadata(null, entry),
    aliasTargets: (local) =>
      lookups.once(`alias ${local}`, async () => {
        if (domain === undefined) return undefined
        const alias = await aliases.get({ local: lookupKey(local), domain })
        return alias?.targets.map(formatAddress)
      }),
  })
}
