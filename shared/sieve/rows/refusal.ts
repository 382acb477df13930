// RFC 5429: the message is refused, with words for its sender.

import { defineCommand, string } from '../definition.ts'

function defineRefusal(kind: 'reject' | 'ereject') {
  return defineCommand({
    name: kind,
    extensions: [kind],
    positional: { reason: string },
    execute({ reason }, run, { at }) {
      run.act(at, { kind, reason })
      run.cancelKeep()
      return undefined
    },
  })
}

/** RFC 5429 §2.2. */
export const reject = defineRefusal('reject')
/** RFC 5429 §2.1. */
export const ereject = defineRefusal('ereject')
