// VRFY (RFC 5321 §4.1.1.6, §7.3) tells nobody which addresses exist. EXPN and ETRN are not offered at all.

import { answer, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'

const facts = { beforeHelo: true, junk: true, flushes: true } as const

export const vrfy = defineCommand({
  ...facts,
  parse() {},
  run: ({ options }) =>
    answer(options.disableVrfyCommand ? replies.commandDisabled : replies.cannotVerify),
})

export const disabled = defineCommand({
  ...facts,
  parse() {},
  run: () => answer(replies.commandDisabled),
})
