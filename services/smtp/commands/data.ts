// DATA: the message follows, dot-stuffed. RFC 5321 §4.1.1.4, §4.5.2.

import { DataBody } from '../body.ts'
import { answer, answerRefusal, defineCommand } from '../command.ts'
import { refusalOfData } from '../data-verdict.ts'
import { refusalOfDataByFilters } from '../dialogue.ts'
import { MessageReceipt } from '../message-receipt.ts'
import { replies } from '../replies.ts'
import { noParameters } from './no-parameters.ts'

export const data = defineCommand({
  needsLogin: true,
  flushes: true,
  parse: noParameters('DATA'),
  async run(session) {
    const { transaction } = session
    if (!transaction) return answer(replies.mailFirst)
    // RFC 3030 §2: DATA and BDAT are not mixed in one transaction.
    if (transaction.receipt) return answer(replies.chunkingBegun)
    if (transaction.recipients.length === 0) {
      return answer(transaction.anyRefused ? session.noValidRecipients : replies.rcptFirst)
    }
    const refusal =
      (await refusalOfData(session, transaction)) ??
      (await refusalOfDataByFilters(session, transaction))
    if (refusal !== undefined) return answerRefusal(refusal)
    // Its connection may be gone, and the transaction with it.
    if (session.transaction !== transaction) return answer(replies.mailFirst)
    const body = new DataBody(new MessageReceipt(session, transaction), async (receipt) => {
      const answers = await receipt.finish()
      session.endTransaction()
      return answers
    })
    return { kind: 'body', reply: replies.sendContent, body }
  },
})
