// What the shelf refuses, as the protocol says it. RFC 5804 §1.3.

import { unreachable } from '#shared/runtime/errors.ts'
import type { NoRoom } from '#shared/sieve/shelf.ts'
import { type Reply, replies } from './replies.ts'

export function noRoom(refused: NoRoom): Reply {
  switch (refused.kind) {
    case 'bad-name':
      return replies.badName
    case 'too-large':
      return replies.scriptTooLarge(refused.max)
    case 'too-many':
      return replies.tooManyScripts(refused.max)
    case 'no-room':
      return replies.noRoom(refused.max)
    default:
      return unreachable(refused)
  }
}
