// Mailbox names as clients spell them, and the folders they mean. The hierarchy delimiter is `/`.

import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { Session } from './session.ts'

export const DELIMITER = '/'

/** The folder of a path; undefined when there is none. One read for all folders of the account. */
export async function findFolder(
  session: Session,
  path: string,
): Promise<FolderRecord | undefined> {
  const folders = await session.services.mailbox.folders.list(session.account.id)
  let found: FolderRecord | undefined
  for (const name of path.split(DELIMITER)) {
    const wanted =
      found === undefined && name.toUpperCase() === 'INBOX' ? 'INBOX' : name.normalize('NFC')
    const parentId = found?.id ?? null
    found = folders.find((folder) => folder.parentId === parentId && folder.name === wanted)
    if (found === undefined) return undefined
  }
  return found
}
