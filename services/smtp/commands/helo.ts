// HELO and EHLO (RFC 5321 §4.1.1.1), LHLO in their place in LMTP (RFC 2033 §4.1), and the list of what this server can do.

import { isHeloName } from '#shared/smtp/helo-name.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import { answer, answerRefusal, defineCommand, type Outcome } from '../command.ts'
import { filterRefusal } from '../dialogue.ts'
import { refusalAt } from '../early-verdict.ts'
import { replies } from '../replies.ts'
import type { SmtpSession } from '../session.ts'

const facts = { beforeHelo: true, beforeTls: true, junk: true, flushes: true } as const

const parseName = (text: string): string => text.slice(1)

export const helo = defineCommand({
  ...facts,
  only: 'smtp',
  parse: parseName,
  run(session, name) {
    if (!isHeloName(name)) return answer(replies.heloNeedsName('HELO'))
    return greet(session, { name, extended: false }, () => replies.hello(session.deps.hostname))
  },
})

export const ehlo = defineCommand({
  ...facts,
  only: 'smtp',
  parse: parseName,
  run: (session, name) => greetExtended(session, 'EHLO', name),
})

export const lhlo = defineCommand({
  ...facts,
  only: 'lmtp',
  parse: parseName,
  run: (session, name) => greetExtended(session, 'LHLO', name),
})

function greetExtended(
  session: SmtpSession,
  verb: string,
  name: string,
): Outcome | Promise<Outcome> {
  if (!isHeloName(name)) return answer(replies.heloNeedsName(verb))
  return greet(session, { name, extended: true }, () =>
    replies.extensions([session.deps.hostname, ...extensions(session)]),
  )
}

function greet(
  session: SmtpSession,
  helo: { readonly name: string; readonly extended: boolean },
  welcome: () => Reply,
): Outcome | Promise<Outcome> {
  session.greet(helo)
  const isAsked = !session.options.smtpdDelayReject || session.dialogue !== undefined
  return isAsked ? greetUnlessRefused(session, welcome) : answer(welcome())
}

async function greetUnlessRefused(session: SmtpSession, welcome: () => Reply): Promise<Outcome> {
  const denied = await refusalAt(session, 'helo')
  if (denied !== undefined) {
    // As in Postfix a name that is refused is as if it had not been said.
    session.greet(null)
    return answerRefusal(denied)
  }
  const facts = { helo: session.helo?.name }
  const refusal = await filterRefusal(session, facts, (filter, client) => filter.helo(client))
  // As in Sendmail and Postfix: a filter's refusal of client or name stands, and is the answer to MAIL. Only 421 ends it now.
  return refusal?.code === 421 ? answerRefusal(refusal) : answer(welcome())
}

/** Deliberately without BINARYMIME: a binary message could not be relayed to a server that lacks it. */
function extensions(session: SmtpSession): readonly string[] {
  const { options, deps, tls, account } = session
  const offersTls = deps.certificates !== undefined && tls === null
  const mechanisms = account === null ? session.mechanisms : []
  return [
    'PIPELINING',
    `SIZE ${options.messageSizeLimit}`,
    ...(offersTls ? ['STARTTLS'] : []),
    ...(mechanisms.length > 0 ? [`AUTH ${mechanisms.join(' ')}`] : []),
    ...(mechanisms.length > 0 && options.brokenSaslAuthClients
      ? [`AUTH=${mechanisms.join(' ')}`]
      : []),
    'ENHANCEDSTATUSCODES',
    '8BITMIME',
    ...(options.offersDsn ? ['DSN'] : []),
    'SMTPUTF8',
    ...(session.offersRequireTls ? ['REQUIRETLS'] : []),
    'CHUNKING',
    'HELP',
  ]
}
