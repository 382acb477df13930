// Logins that are held back because too many failed.

import { z } from '@hono/zod-openapi'
import type { HeldLoginFacts, HeldLoginRequest } from '#shared/administration/held-logins.ts'
import type { BadValue } from '#shared/administration/refusals.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import {
  accountParams,
  addressText,
  lookedPageOf,
  pageQuery,
  text,
  time,
  timeOf,
} from '../schemas.ts'
import { ofAccount, ofList, ofSystem } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const heldLogin = z
  .object({
    account: z.string().nullable().openapi({
      description: 'Null: whoever comes from the network. It need not be one of ours.',
    }),
    network: z.string().nullable().openapi({
      description: 'Null: from everywhere, except where the account has logged in before.',
    }),
    failures: z.number().int(),
    limit: z.number().int(),
    until: time,
  })
  .openapi('HeldLogin')

type Shown = ReturnType<typeof shown>
const shown = ({ untilMs, ...facts }: HeldLoginFacts) => ({ ...facts, until: timeOf(untilMs) })

const client = text('192.0.2.1').openapi({
  description: 'An IP address, or a network of the list.',
})
const released = z.object({ released: z.array(heldLogin) })

export const heldLoginOperations = [
  defineOperation({
    id: 'heldLogins.list',
    method: 'get',
    path: '/held-logins',
    summary: 'Lists logins that are held back now because too many failed, by account and network.',
    right: 'logins.read',
    input: {
      query: z.object({
        account: addressText.optional(),
        client: client.optional(),
        cursor: pageQuery.cursor,
      }),
    },
    subject: () => ofList,
    output: lookedPageOf(heldLogin),
    async run({ query }, call) {
      const { cursor, ...filters } = query
      const { list } = call.administration.heldLogins
      return await listOf<HeldLoginFacts, Shown, BadValue, HeldLoginRequest>(
        call,
        { cursor },
        filters,
        list,
        shown,
      )
    },
  }),
  defineOperation({
    id: 'heldLogins.release',
    method: 'post',
    path: '/held-logins:release',
    summary: 'Lets whoever comes from a network, or logs in as an account, try again at once.',
    right: 'logins.release',
    input: {
      body: z.strictObject({ account: addressText.optional(), client: client.optional() }),
    },
    subject: () => ofSystem,
    output: released,
    async run({ body }, { administration }) {
      const done = await administration.heldLogins.release(body)
      return done.kind === 'released' ? answer({ released: done.released.map(shown) }) : done
    },
  }),
  defineOperation({
    id: 'heldLogins.releaseAccount',
    method: 'post',
    path: '/accounts/{account}/logins:release',
    summary: 'Lets an account be logged in to again at once, from everywhere.',
    right: 'logins.release',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: released,
    async run({ params }, call) {
      const account = await addressOf(call, params.account)
      const done = await call.administration.heldLogins.release({ account })
      return done.kind === 'released' ? answer({ released: done.released.map(shown) }) : done
    },
  }),
]
