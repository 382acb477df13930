// How much an account has sent of what it may, and what is held against it.

import { z } from '@hono/zod-openapi'
import type { SendingCount } from '#shared/administration/sending.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const limit = z.number().int().openapi({ description: '0: none.' })
const count = z
  .object({
    what: z.string(),
    used: z.number().int(),
    limit,
    windowSeconds: z.number(),
  })
  .openapi('SendingCount')
const countOf = ({ windowMs, ...one }: SendingCount) => ({
  ...one,
  windowSeconds: windowMs / 1_000,
})
const suspected = z.object({ used: z.number().int(), limit })

export const sendingOperations = [
  defineOperation({
    id: 'sending.get',
    method: 'get',
    path: '/accounts/{account}/sending',
    summary: 'Tells how much an account has sent of what it may, and what is held against it.',
    right: 'logins.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({
      address: z.string(),
      frozen: z.string().nullable().openapi({ description: 'Why it may not send at all.' }),
      day: z.array(count).openapi({ description: 'Since midnight in UTC.' }),
      rates: z.array(count).openapi({
        description: 'Within a short time, as far as listeners have told: by tenths of the limit.',
      }),
      suspicion: z.object({
        action: z.string(),
        windowSeconds: z.number(),
        newDestinations: suspected,
        bounces: suspected,
        countries: suspected.extend({
          seen: z.array(z.object({ country: z.string(), lastAt: time })),
        }),
      }),
    }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const found = await call.administration.sending.show(address)
      if (found.kind !== 'sending') return found
      const { kind: _, day, rates, suspicion, ...facts } = found
      const { windowMs, countries, ...held } = suspicion
      const seen = countries.seen.map(({ country, lastMs }) => ({
        country,
        lastAt: timeOf(lastMs),
      }))
      return answer({
        ...facts,
        day: day.map(countOf),
        rates: rates.map(countOf),
        suspicion: { ...held, windowSeconds: windowMs / 1_000, countries: { ...countries, seen } },
      })
    },
  }),
  defineOperation({
    id: 'sending.forget',
    method: 'post',
    path: '/accounts/{account}/sending:forget',
    summary:
      'Lets an account begin anew, as if it had sent nothing today and nothing were held against it; what is frozen stays so.',
    right: 'policy.write',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.sending.forget(address)
      return done.kind === 'sending-forgotten' ? answer(null) : done
    },
  }),
]
