// Sets one phone or program of an account up.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'
import { appPassword, appPasswordOf } from './app-passwords.ts'

const service = z
  .object({
    protocol: z.enum(['imap', 'pop3', 'smtp']),
    host: z.string(),
    port: z.number().int(),
    security: z.enum(['tls', 'starttls']),
  })
  .openapi('MailService')

export const clientSetupOperations = [
  defineOperation({
    id: 'clientSetup.create',
    method: 'post',
    path: '/accounts/{account}/setup',
    summary:
      'Makes an app password for one phone or program of the own account, with where it connects to and a link that sets an iPhone up; shown this once.',
    status: 201,
    secretAnswer: true,
    right: 'self.secrets',
    input: {
      params: accountParams,
      body: z.strictObject({
        name: text('Phone'),
        scopes: z.array(text('imap')).max(10).optional().openapi({
          description: 'Without them IMAP and SMTP: what a phone has.',
        }),
        expires: text('90d').optional().openapi({
          description: 'A time as in RFC 3339, or for how long.',
        }),
      }),
    },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({
      appPassword,
      password: z.string(),
      login: z.string(),
      displayName: z.string(),
      services: z.array(service).openapi({ description: 'Of each protocol the best.' }),
      profile: z
        .object({ url: z.string(), expiresAt: time })
        .openapi({ description: 'For iPhones, iPads and Macs; good once.' }),
      thunderbirdCode: z.string().nullable().openapi({
        description:
          'Text of the code that Thunderbird on Android scans; null where it would not read and send.',
      }),
    }),
    async run({ params, body: { scopes = ['imap', 'smtp'], ...body } }, call) {
      const address = await addressOf(call, params.account)
      const made = await call.administration.clientSetup.make({ address, scopes, ...body })
      if (made.kind !== 'client-setup') return made
      const { password, displayName, services, url, expiresMs } = made
      return answer(
        {
          appPassword: appPasswordOf(made.appPassword),
          ...{ password, displayName, services: [...services] },
          login: made.address,
          profile: { url, expiresAt: timeOf(expiresMs) },
          thunderbirdCode: made.thunderbirdCode ?? null,
        },
        { location: `/accounts/${params.account}/appPasswords/${made.appPassword.id}` },
      )
    },
  }),
]
