import type { Mailbox } from '#shared/mailbox/port.ts'

/** What imports and exports ask of the mailbox core. */
export type MailboxForImports = Pick<
  Mailbox,
  | 'annotations'
  | 'blob'
  | 'expunge'
  | 'folders'
  | 'foreign'
  | 'inbox'
  | 'readMessages'
  | 'receive'
  | 'snapshot'
  | 'storeFlags'
  | 'subscriptions'
>
