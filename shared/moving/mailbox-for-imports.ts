import type { Mailbox } from '#shared/mailbox/port.ts'

/** What an import asks of the mailbox core. */
export type MailboxForImports = Pick<
  Mailbox,
  | 'blob'
  | 'expunge'
  | 'folders'
  | 'foreign'
  | 'inbox'
  | 'readMessages'
  | 'receive'
  | 'storeFlags'
  | 'subscriptions'
>
