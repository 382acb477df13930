// Where an account is logged in to mail, and was lately.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const means = {
  means: z.string().openapi({ description: "'password', 'token', or the id of an app password." }),
  appPassword: z.string().nullable().openapi({ description: 'What it is called.' }),
}

const device = z
  .object({
    service: z.string(),
    network: z.string(),
    client: z.string().nullable(),
    lastAt: time,
    ...means,
  })
  .openapi('Device')

const mailSession = z
  .object({
    id: z.string(),
    service: z.string(),
    remoteAddress: z.string(),
    client: z.string().nullable(),
    since: time,
    ...means,
  })
  .openapi('MailSession')

export const loginOperations = [
  defineOperation({
    id: 'logins.list',
    method: 'get',
    path: '/accounts/{account}/logins',
    summary:
      'Tells from where and with what an account logged in to mail lately, and what is open now.',
    right: 'logins.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({
      devices: z.array(device),
      sessions: z.array(mailSession).nullable().openapi({
        description: 'Null: who answers does not know them. All can be ended there too.',
      }),
    }),
    async run({ params }, call) {
      const found = await call.administration.logins.list(await addressOf(call, params.account))
      if (found.kind !== 'logins') return found
      return answer({
        devices: found.devices.map(({ lastMs, ...facts }) => ({
          ...facts,
          lastAt: timeOf(lastMs),
        })),
        sessions:
          found.sessions?.map(({ sinceMs, ...facts }) => ({ ...facts, since: timeOf(sinceMs) })) ??
          null,
      })
    },
  }),
  defineOperation({
    id: 'logins.end',
    method: 'delete',
    path: '/accounts/{account}/logins/{session}',
    summary: 'Ends one session of a mail program.',
    right: 'logins.end',
    input: { params: accountParams.extend({ session: text('0123456789abcdef') }) },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params }, call) {
      if (call.isRehearsal) return answer(null)
      const address = await addressOf(call, params.account)
      const ended = await call.administration.logins.end({ address, session: params.session })
      return ended.kind === 'session-ended' ? answer(null) : ended
    },
  }),
  defineOperation({
    id: 'logins.endAll',
    method: 'post',
    path: '/accounts/{account}/logins:endAll',
    summary: 'Ends all sessions of an account, those of the console too.',
    right: 'logins.end',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params }, call) {
      const ended = await call.administration.logins.endAll(await addressOf(call, params.account))
      return ended.kind === 'logins-ended' ? answer(null) : ended
    },
  }),
]
