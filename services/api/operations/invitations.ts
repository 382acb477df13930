// One-time links: made by who may, used by whoever has one.

import { z } from '@hono/zod-openapi'
import { invitationKinds, LINK_CHARACTERS_MAX } from '#shared/identity/links.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { answer, defineOpenOperation, defineOperation } from '../operation.ts'
import { accountParams, addressText, time, timeOf } from '../schemas.ts'
import { findAccount, ofAccount } from '../subjects.ts'
import { placeOf, signInOutcome } from './session.ts'

/** Where the console takes them; the secret is the fragment, which no server is sent. */
export const LINK_PATH = '/link'

const secret = z.string().max(LINK_CHARACTERS_MAX)

export const invitationOperations = [
  defineOperation({
    id: 'invitations.create',
    method: 'post',
    path: '/accounts/{account}/invitation',
    summary: 'Makes a link with which the account sets a new password, once, within 24 hours.',
    status: 201,
    secretAnswer: true,
    right: 'credentials.invite',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams },
    output: z.object({ address: z.string(), url: z.string(), expiresAt: time }),
    async run({ params }, { administration, deps, actor, request }) {
      const account = await findAccount(params.account, deps)
      const address = account === undefined ? params.account : formatAddress(account.address)
      const made = await administration.invitations.invite({
        address,
        as: 'password',
        by: actor.name,
        byAccount: actor.accountId,
      })
      if (made.kind !== 'invited') return made
      const { origin } = new URL(request.url)
      const url = `${origin}${LINK_PATH}#${made.secret}`
      return answer({ address, url, expiresAt: timeOf(made.expiresMs) })
    },
  }),
  defineOpenOperation({
    id: 'invitations.look',
    method: 'post',
    path: '/invitation:look',
    summary: 'Tells what a link is good for, without using it.',
    onlyAsks: true,
    secretAnswer: true,
    input: { body: z.strictObject({ secret }) },
    output: z.object({
      kind: z.enum(invitationKinds),
      address: z
        .string()
        .nullable()
        .openapi({ description: 'null: of the first owner, who says it.' }),
      expiresAt: time,
    }),
    async run({ body }, { administration }) {
      const found = await administration.invitations.look(body.secret)
      if (found.kind !== 'invitation') return found
      const { link: kind, address, expiresMs } = found
      return answer({ kind, address, expiresAt: timeOf(expiresMs) })
    },
  }),
  defineOpenOperation({
    id: 'invitations.accept',
    method: 'post',
    path: '/invitation:accept',
    summary: 'Uses a link: sets the password, and signs in where no second factor is asked for.',
    secretAnswer: true,
    recordsItself: true,
    input: {
      body: z.strictObject({
        secret,
        password: z.string().max(1_024),
        address: addressText.optional().openapi({
          description: 'Of the first owner: the account to be, with its domain.',
        }),
      }),
    },
    output: z.looseObject({ state: z.enum(['signed-in', 'set']) }),
    async run({ body }, call) {
      const { administration, deps, auditEntry } = call
      const found = await administration.invitations.look(body.secret)
      if (found.kind !== 'invitation') return found
      const object = `accounts/${found.address ?? body.address ?? ''}`
      const record = await deps.audit.begin({ ...auditEntry, object })
      const accepted = await administration.invitations.accept(body)
      await record.end({
        code: accepted.kind === 'accepted' ? 'ok' : accepted.kind,
        changes: call.changes(),
      })
      if (accepted.kind !== 'accepted') return accepted
      // A link is one proof; where there are factors, the sign-in asks for one.
      const methods = await deps.signIns.stepUpMethods(accepted.accountId)
      if (methods[0] !== 'password') return answer({ state: 'set' as const })
      const begun = await deps.signIns.begin(accepted.accountId, ['link'], placeOf(call))
      return await signInOutcome(call, begun, accepted.address)
    },
  }),
]
