// What threading makes of messages: RFC 5256 §3.

/** A message as threading sees it. */
export type ThreadMessage = {
  /** What names it to whoever asked, ascending in the folder. */
  readonly number: number
  /** RFC 5256 §2.2 */
  readonly sentMs: number
  /** Base subject, folded. */
  readonly subject: string
  readonly isReplyOrForward: boolean
  /** Normalised; '' for none. */
  readonly messageId: string
  /** From the oldest ancestor to the parent, normalised. */
  readonly references: readonly string[]
}

export type Thread = {
  /** Null at the top only, where there is nothing but what belongs together. */
  readonly message: ThreadMessage | null
  readonly children: readonly Thread[]
}

/** RFC 5256 §2.2 and §3: by sent date, then by place in the folder. */
export function compareSent(a: ThreadMessage, b: ThreadMessage): number {
  return a.sentMs - b.sentMs || a.number - b.number
}
