// A message that was received to its end and is to be judged (judge-message.ts).

import type { ContentJudge } from '#shared/contracts/content.ts'
import type { Spooled } from '#shared/contracts/spool.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { Authors } from './authors.ts'
import type { SmtpSession } from './session.ts'
import type { Transaction } from './transaction.ts'

export type WholeMessage = {
  readonly session: SmtpSession
  readonly transaction: Transaction
  readonly spooled: Spooled
  /** As policy gets to see it (header-reader.ts). */
  readonly header: ByteString
  /** Who looks at its content. */
  readonly content: ContentJudge | undefined
  readonly authors: Authors
  /** As they came. */
  readonly bytes: number
}
