// What threading makes of messages and how it is told: `* THREAD (2)(3 6 (4 23)(44 7 96))`, RFC 5256 §4.

/** A message as threading sees it. */
export type ThreadMessage = {
  /** Uid, or sequence number. */
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

/** RFC 5256 §2.2 and §3: by sent date, then by sequence number. */
export function compareSent(a: ThreadMessage, b: ThreadMessage): number {
  return a.sentMs - b.sentMs || a.number - b.number
}

// thread-data = "THREAD" [SP 1*thread-list], thread-list = "(" (thread-members / thread-nested) ")"
// thread-members = nz-number *(SP nz-number) [SP thread-nested], thread-nested = 2*thread-list
export function formatThread(thread: Thread): string {
  const pieces: string[] = []
  // Threads are as deep as conversations are long: no recursion. A string is text that comes when its turn has come.
  const stack: (Thread | string)[] = [thread]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === 'string') {
      pieces.push(top)
      continue
    }
    pieces.push('(')
    let { message, children } = top
    if (message !== null) pieces.push(`${message.number}`)
    // An only child follows its parent without parentheses.
    for (let only = onlyOf(children); only !== undefined; only = onlyOf(children)) {
      pieces.push(message === null ? '' : ' ', `${only.message?.number ?? ''}`)
      message = only.message
      children = only.children
    }
    if (children.length > 0 && message !== null) pieces.push(' ')
    stack.push(')')
    for (let at = children.length - 1; at >= 0; at--) {
      const child = children[at]
      if (child !== undefined) stack.push(child)
    }
  }
  return pieces.join('')
}

function onlyOf(children: readonly Thread[]): Thread | undefined {
  return children.length === 1 ? children[0] : undefined
}
