// How threads are told: `* THREAD (2)(3 6 (4 23)(44 7 96))`, RFC 5256 §4.

import type { Thread } from '#shared/search/threads.ts'

// thread-data = "THREAD" [SP 1*thread-list], thread-list = "(" (thread-members / thread-nested) ")"
// thread-members = nz-number *(SP nz-number) [SP thread-nested], thread-nested = 2*thread-list
/** The text in pieces, for a thread may hold all messages of a folder. */
export function* formatThread(thread: Thread): Generator<string> {
  let text = ''
  // Threads are as deep as conversations are long: no recursion. A string is text that comes when its turn has come.
  const stack: (Thread | string)[] = [thread]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === 'string') {
      text += top
      continue
    }
    let { message, children } = top
    text += message === null ? '(' : `(${message.number}`
    // An only child follows its parent without parentheses.
    for (let only = onlyOf(children); only !== undefined; only = onlyOf(children)) {
      if (message !== null) text += ' '
      message = only.message
      children = only.children
      text += message?.number ?? ''
      if (text.length < PIECE_CHARACTERS) continue
      yield text
      text = ''
    }
    if (children.length > 0 && message !== null) text += ' '
    stack.push(')')
    for (let at = children.length - 1; at >= 0; at--) {
      const child = children[at]
      if (child !== undefined) stack.push(child)
    }
    if (text.length < PIECE_CHARACTERS) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

const PIECE_CHARACTERS = 8_192

function onlyOf(children: readonly Thread[]): Thread | undefined {
  return children.length === 1 ? children[0] : undefined
}
