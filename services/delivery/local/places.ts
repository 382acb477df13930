// Which folder a message goes to. Where there is none, and none is to be made or can be, it goes to INBOX: it is not lost for that.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { makeFolder, type NamedFolder, namedFolder } from '#shared/sieve/account/named-folder.ts'
import type { Letter } from './letter.ts'

export interface Places {
  /** Where it goes that nobody says anything else of. */
  default(letter: Letter): Promise<FolderRecord>
  inbox(accountId: AccountId): Promise<FolderRecord>
  /** What a script names. */
  named(accountId: AccountId, wanted: NamedFolder): Promise<FolderRecord>
}

export function createPlaces(deps: {
  readonly mailbox: Pick<Mailbox, 'folders' | 'inbox'>
  readonly options: {
    /** `user+folder@` and `user+above/folder@` go into that folder when it exists. */
    readonly deliverToDetailFolder: boolean
  }
}): Places {
  const { folders } = deps.mailbox
  const inbox = (accountId: AccountId) => deps.mailbox.inbox(accountId)

  /** Wherever its owner has it. */
  async function junk(accountId: AccountId): Promise<FolderRecord> {
    const used = await folders.findUse(accountId, JUNK_USE)
    if (used?.selectable) return used
    const named = await folders.find(accountId, JUNK_FOLDER)
    if (named?.selectable) return named
    const made = await makeFolder(deps.mailbox, accountId, JUNK_FOLDER, used ? [] : [JUNK_USE])
    return made ?? inbox(accountId)
  }

  async function detail(accountId: AccountId, { extension }: FinalRecipient) {
    const found =
      extension === null || !deps.options.deliverToDetailFolder
        ? undefined
        : await folders.findSpelled(accountId, extension, spellings)
    return found?.selectable ? found : inbox(accountId)
  }

  return {
    inbox,

    default: ({ message, account, recipient }) =>
      message.junk ? junk(account) : detail(account, recipient),

    named: (accountId, wanted) => namedFolder(deps.mailbox, accountId, wanted),
  }
}

/** RFC 6154 §2, and what new accounts have it named. */
const JUNK_USE = '\\Junk'
const JUNK_FOLDER = 'Junk'

/** Names are looked up as they are spelled; addresses are mostly written in lower case. */
function spellings(name: string): readonly string[] {
  const lower = name.toLowerCase()
  const [first = '', ...rest] = lower
  return [name, first.toUpperCase() + rest.join(''), lower, name.toUpperCase()]
}
