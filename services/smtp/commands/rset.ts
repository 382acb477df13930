// RSET: gives up the transaction, keeps the greeting and the login. RFC 5321 §4.1.1.5.

import { answer, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'
import { noParameters } from './no-parameters.ts'

export const rset = defineCommand({
  beforeHelo: true,
  beforeTls: true,
  junk: true,
  parse: noParameters('RSET'),
  run(session) {
    session.endTransaction()
    return answer(replies.ok)
  },
})
