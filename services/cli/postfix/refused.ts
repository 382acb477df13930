// What Postfix has for parts that are not here: each says why, and what to do instead.

import { EX_TEMPFAIL, Fatal, type PostfixCommand } from './world.ts'

export const postlock: PostfixCommand = async () => {
  throw new Fatal(
    'no mailbox here is a file that could be locked: the store orders those who write by itself',
    EX_TEMPFAIL,
  )
}

export const postkick: PostfixCommand = async () => {
  throw new Fatal(
    "there are no services to kick: the server is one process, and 'postqueue -f' tries deferred mail again",
    1,
  )
}
