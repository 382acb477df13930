// RFC 5429: the message is refused, with words for its sender.

import { defineCommand, string } from '../definition.ts'
import { refuseAtImapEvent } from '../run/imap-event.ts'

function defineRefusal(kind: 'reject' | 'ereject') {
  return defineCommand({
    name: kind,
    extensions: [kind],
    positional: { reason: string },
    execute({ reason }, run, { at }) {
      refuseAtImapEvent(run, kind)
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
