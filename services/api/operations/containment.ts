// An account that somebody else has taken over.

import { z } from '@hono/zod-openapi'
import { formatAddress } from '#shared/mail/address.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, time, timeOf } from '../schemas.ts'
import { findAccount, ofAccount } from '../subjects.ts'

const forward = z.object({ to: z.array(z.string()), keep: z.boolean() })
const change = z.object({
  at: time,
  by: z.string(),
  from: z.array(z.string()).nullable(),
  to: z.array(z.string()).nullable(),
})

const revoked = ['logins', 'appPasswords', 'tokens', 'recoveryAddress', 'password'] as const

async function addressOf({ deps }: Call, text: string): Promise<string> {
  const found = await findAccount(text, deps)
  return found === undefined ? text : formatAddress(found.address)
}

export const containmentOperations = [
  defineOperation({
    id: 'accounts.contain',
    method: 'post',
    path: '/accounts/{account}:contain',
    summary:
      'Freezes sending, holds queued mail, ends logins and sessions, revokes app passwords and tokens, and tells where mail was sent on to lately.',
    right: 'accounts.contain',
    subject: ({ params }) => ofAccount(params.account),
    input: {
      params: accountParams,
      body: z.strictObject({
        reason: z.string().max(1_000),
        barPassword: z.boolean().optional().openapi({
          description: 'No password logs the account in until another is set.',
        }),
      }),
    },
    output: z.object({
      address: z.string(),
      wasFrozen: z.boolean(),
      held: z.number().int(),
      sessions: z.number().int(),
      appPasswords: z.number().int(),
      tokens: z.number().int(),
      passwordBarred: z.boolean(),
      passkeys: z.number().int().openapi({
        description: 'They let nobody in until the account is released.',
      }),
      identities: z.number().int().openapi({
        description: 'At an issuer; they let nobody in until the account is released.',
      }),
      recoveryAddress: z.string().nullable().openapi({
        description: 'Taken away: a link for a new password was sent there.',
      }),
      forward: forward.nullable(),
      forwardsLately: z.array(change),
    }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.containment.contain({ ...body, address })
      if (done.kind !== 'contained') return done
      const { kind: _, forward, forwardsLately, ...facts } = done
      return answer({
        ...facts,
        forward: forward && { to: [...forward.to], keep: forward.keep },
        forwardsLately: forwardsLately.map(({ atMs, by, from, to }) => ({
          at: timeOf(atMs),
          by,
          from: from && [...from],
          to: to && [...to],
        })),
      })
    },
  }),
  defineOperation({
    id: 'accounts.release',
    method: 'post',
    path: '/accounts/{account}:release',
    summary:
      'Undoes containing: it may send again, and what was held goes; logins, app passwords and tokens stay revoked, and what was frozen before stays frozen.',
    right: 'accounts.contain',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams },
    output: z.object({
      address: z.string(),
      wasFrozen: z.boolean(),
      staysFrozen: z.boolean(),
      released: z.number().int(),
      staysRevoked: z.array(z.enum(revoked)),
    }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.containment.release(address)
      if (done.kind !== 'released') return done
      const { kind: _, passwordBarred, ...facts } = done
      const staysRevoked = revoked.filter((one) => one !== 'password' || passwordBarred)
      return answer({ ...facts, staysRevoked })
    },
  }),
]
