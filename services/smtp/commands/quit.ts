// QUIT (RFC 5321 §4.1.1.10).

import { answerAndClose, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'
import { noParameters } from './no-parameters.ts'

export const quit = defineCommand({
  beforeHelo: true,
  whenDenied: true,
  beforeTls: true,
  flushes: true,
  parse: noParameters('QUIT'),
  run(session) {
    session.endTransaction()
    return answerAndClose(replies.closing(session.deps.hostname))
  },
})
