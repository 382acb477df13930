// A login at a host (RFC 4954), by what relays offer: PLAIN (RFC 4616), LOGIN, and CRAM-MD5 (RFC 2195) where that is all.

import { createHmac } from 'node:crypto'
import type { Login } from '../hop-policy.ts'
import { type Reply, textOf } from './reply.ts'
import type { Session } from './session.ts'

/** Best first: it is said under TLS only, so that the simplest is the best. */
const mechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const

/** Undefined when logged in; else what was said, or that none of the ways is one of ours. */
export async function logIn(
  session: Session,
  login: Login,
  timeoutMs: number,
): Promise<Reply | 'no mechanism' | undefined> {
  const offered = (session.extensions.get('AUTH') ?? '').toUpperCase().split(' ')
  const mechanism = mechanisms.find((one) => offered.includes(one))
  if (mechanism === undefined) return 'no mechanism'
  const say = async (line: string) => {
    session.wire.write(`${line}\r\n`)
    return await session.reply(timeoutMs)
  }
  let answer: Reply
  if (mechanism === 'PLAIN') {
    answer = await say(`AUTH PLAIN ${base64(`\0${login.user}\0${login.password}`)}`)
  } else {
    answer = await say(`AUTH ${mechanism}`)
    for (const response of responsesOf(mechanism, login, answer)) {
      if (answer.code !== 334) break
      answer = await say(base64(response))
    }
  }
  if (answer.code === 235) return undefined
  // It waits for something that we do not have.
  if (answer.code === 334) session.confuse()
  return answer
}

function responsesOf(
  mechanism: 'LOGIN' | 'CRAM-MD5',
  { user, password }: Login,
  challenge: Reply,
): readonly string[] {
  if (mechanism === 'LOGIN') return [user, password]
  const asked = Buffer.from(textOf(challenge).slice(4), 'base64')
  return [`${user} ${createHmac('md5', password).update(asked).digest('hex')}`]
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
