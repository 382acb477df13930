import type { AccountId } from '#shared/contracts/mailbox.ts'

/** Where hints come when the sessions of an account may have to end: shared/auth/account-watch.ts. */
export const loginTopic = (id: AccountId): string => `login/${id}`
