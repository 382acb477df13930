// Mailbox names as clients spell them, and the folders they mean. The hierarchy delimiter is `/`.

import { DELIMITER, type FolderTree, namesOf } from '#shared/mailbox/folder-path.ts'
import type { Session } from './session.ts'

export { DELIMITER }

/** All folders of the session's own account: for commands that are about many of them. A single name: access/reach.ts. */
export const folderTree = (session: Session): Promise<FolderTree> =>
  session.deps.mailbox.folders.tree(session.account.id)

/** The name of a mailbox to be made: one delimiter at its end only says that others will come below it (RFC 9051 §6.3.4). */
export function newName(path: string): string {
  return path.endsWith(DELIMITER) ? path.slice(0, -1) : path
}

/** The name of a mailbox as it is kept: in NFC (RFC 5198 §3), and INBOX in capitals. What cannot be a name is as it is. */
export const keptName = (path: string): string => namesOf(path)?.join(DELIMITER) ?? path

/** RFC 9051 §5.1, RFC 5198 §2: control characters and line separators are in no name. */
export function isNetUnicode(path: string): boolean {
  return !/[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(path)
}
