// Who looks at an account or a folder is told that it may have changed. What is published under these topics, those publish who
// change it.

import type { Signals } from '#shared/storage/ports.ts'
import { accountTopic, folderTopic } from './keys.ts'
import type { AccountChange, AccountMail, FolderMessages } from './port.ts'

export function createWatches(
  signals: Pick<Signals, 'subscribe'>,
): Pick<AccountMail, 'watchAccount'> & Pick<FolderMessages, 'watchFolder'> {
  return {
    watchAccount: (accountId, onChange) =>
      signals.subscribe(accountTopic(accountId), (hint) => onChange(accountChange(hint))),
    watchFolder: (folder, onChange) => signals.subscribe(folderTopic(folder.id), () => onChange()),
  }
}

/** A process of another version may say what this one does not know: then folders are what is looked at anew. */
function accountChange(hint: string): AccountChange {
  return hint === 'metadata' || hint === 'subscriptions' ? hint : 'folders'
}
