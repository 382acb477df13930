// Passwords for one program each.

import { z } from '@hono/zod-openapi'
import type { AppPasswordFacts } from '#shared/administration/app-passwords.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const lastUse = z.object({ service: z.string(), network: z.string(), at: time })

export const appPassword = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(['imap', 'pop3', 'smtp', 'managesieve'])),
    createdAt: time,
    expiresAt: time.nullable(),
    hasExpired: z.boolean(),
    lastUse: lastUse.nullable().openapi({ description: 'Of the last 180 days, to the hour.' }),
  })
  .openapi('AppPassword')

export const appPasswordOf = ({
  createdMs,
  expiresMs,
  lastUse,
  scopes,
  ...facts
}: AppPasswordFacts) => ({
  ...facts,
  scopes: [...scopes],
  createdAt: timeOf(createdMs),
  expiresAt: expiresMs === null ? null : timeOf(expiresMs),
  lastUse: lastUse && {
    service: lastUse.service,
    network: lastUse.network,
    at: timeOf(lastUse.lastMs),
  },
})

const one = accountParams.extend({ appPassword: text('a1b2c3d4e5f6') })

export const appPasswordOperations = [
  defineOperation({
    id: 'appPasswords.list',
    method: 'get',
    path: '/accounts/{account}/appPasswords',
    summary: 'Lists the app passwords of an account, the newest first.',
    right: 'logins.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({
      data: z.array(appPassword),
      hasSecondFactor: z.boolean().openapi({
        description: 'Only app passwords log in to mail then, and not the password of the account.',
      }),
    }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const found = await call.administration.appPasswords.list(address)
      if (found.kind !== 'app-passwords') return found
      const { appPasswords, hasSecondFactor } = found
      return answer({ data: appPasswords.map(appPasswordOf), hasSecondFactor })
    },
  }),
  defineOperation({
    id: 'appPasswords.create',
    method: 'post',
    path: '/accounts/{account}/appPasswords',
    summary: 'Makes an app password for the own account; it is shown this once.',
    status: 201,
    secretAnswer: true,
    right: 'self.secrets',
    input: {
      params: accountParams,
      body: z.strictObject({
        name: text('Thunderbird'),
        scopes: z.array(text('imap')).max(10).optional(),
        expires: text('90d').optional().openapi({
          description: 'A time as in RFC 3339, or for how long.',
        }),
      }),
    },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ appPassword, password: z.string() }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const made = await call.administration.appPasswords.make({ address, ...body })
      if (made.kind !== 'made') return made
      const location = `/accounts/${params.account}/appPasswords/${made.appPassword.id}`
      return answer(
        { appPassword: appPasswordOf(made.appPassword), password: made.password },
        { location },
      )
    },
  }),
  defineOperation({
    id: 'appPasswords.revoke',
    method: 'delete',
    path: '/accounts/{account}/appPasswords/{appPassword}',
    summary: 'Ends an app password, and the sessions that came by it.',
    right: 'logins.end',
    input: { params: one },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const { appPassword: id } = params
      const revoked = await call.administration.appPasswords.revoke({ address, id })
      return revoked.kind === 'revoked' ? answer(null) : revoked
    },
  }),
]
