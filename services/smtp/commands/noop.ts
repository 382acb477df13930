// NOOP (RFC 5321 §4.1.1.9) and HELP (§4.1.1.8); both may have an argument, which means nothing here.

import { answer, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'

const facts = { beforeHelo: true, beforeTls: true, junk: true, flushes: true } as const

export const noop = defineCommand({ ...facts, parse() {}, run: () => answer(replies.ok) })

export const help = defineCommand({ ...facts, parse() {}, run: () => answer(replies.help) })
