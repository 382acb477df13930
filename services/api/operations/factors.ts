// Second factors of an account: set up by whoever has it, taken away by him or for him.

import { z } from '@hono/zod-openapi'
import type { FactorAdded } from '#shared/administration/factors.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const CODE_CHARACTERS_MAX = 64

const passkey = z
  .object({
    id: z.string(),
    name: z.string(),
    isBackedUp: z.boolean(),
    createdAt: time,
    lastUsedAt: time.nullable(),
    isUsable: z.boolean().openapi({ description: 'False: it was made for another domain.' }),
  })
  .openapi('Passkey')

const factors = z
  .object({
    totp: z.object({ since: time }).nullable(),
    recoveryCodes: z.object({ left: z.number().int(), madeAt: time }).nullable(),
    passkeys: z.array(passkey),
    identities: z.array(z.object({ issuer: z.string(), subject: z.string(), since: time })),
  })
  .openapi('Factors')

const added = z.object({
  recoveryCodes: z.array(z.string()).nullable().openapi({
    description: 'With the first factor, shown this once: each signs in once in its place.',
  }),
})

const onePasskey = accountParams.extend({ passkey: z.string().max(2_048) })
const ofPath = ({ params }: { readonly params: { readonly account: string } }) =>
  ofAccount(params.account)

const addedOf = ({ recoveryCodes }: FactorAdded) =>
  answer({ recoveryCodes: recoveryCodes && [...recoveryCodes] })

/** A question is answered in the session that asked; with a token by the same account. */
const bindingOf = ({ identity, actor }: Call) => identity.session?.id ?? `token ${actor.accountId}`

export const factorOperations = [
  defineOperation({
    id: 'factors.get',
    method: 'get',
    path: '/accounts/{account}/factors',
    summary: 'Tells which second factors an account has.',
    right: 'logins.read',
    input: { params: accountParams },
    subject: ofPath,
    output: factors,
    async run({ params }, call) {
      const found = await call.administration.factors.show(await addressOf(call, params.account))
      if (found.kind !== 'factors') return found
      const { totp, recoveryCodes, passkeys, identities } = found
      return answer({
        totp: totp && { since: timeOf(totp.sinceMs) },
        recoveryCodes: recoveryCodes && {
          left: recoveryCodes.left,
          madeAt: timeOf(recoveryCodes.madeMs),
        },
        passkeys: passkeys.map(({ createdMs, lastUsedMs, ...facts }) => ({
          ...facts,
          createdAt: timeOf(createdMs),
          lastUsedAt: lastUsedMs === null ? null : timeOf(lastUsedMs),
        })),
        identities: identities.map(({ sinceMs, ...facts }) => ({
          ...facts,
          since: timeOf(sinceMs),
        })),
      })
    },
  }),
  defineOperation({
    id: 'factors.removeAll',
    method: 'delete',
    path: '/accounts/{account}/factors',
    summary: 'Takes all second factors away, for somebody who has lost them.',
    right: 'credentials.reset',
    input: { params: accountParams },
    subject: ofPath,
    output: z.object({ removed: z.number().int() }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const removed = await call.administration.factors.removeAll(address)
      return removed.kind === 'factors-removed' ? answer({ removed: removed.count }) : removed
    },
  }),
  defineOperation({
    id: 'totp.begin',
    method: 'post',
    path: '/accounts/{account}/totp:begin',
    summary: 'Makes a secret for a program that makes codes; it counts once a code of it is given.',
    secretAnswer: true,
    right: 'self.secrets',
    input: { params: accountParams },
    subject: ofPath,
    output: z.object({
      secret: z.string().openapi({ description: 'In base32, to type in.' }),
      uri: z.string().openapi({ description: 'For a QR code.' }),
    }),
    async run({ params }, call) {
      const begun = await call.administration.factors.beginTotp(
        await addressOf(call, params.account),
      )
      return begun.kind === 'totp-begun' ? answer({ secret: begun.secret, uri: begun.uri }) : begun
    },
  }),
  defineOperation({
    id: 'totp.set',
    method: 'put',
    path: '/accounts/{account}/totp',
    summary: 'Makes codes a second factor, with one of them.',
    secretAnswer: true,
    right: 'self.secrets',
    input: {
      params: accountParams,
      body: z.strictObject({ code: z.string().max(CODE_CHARACTERS_MAX) }),
    },
    subject: ofPath,
    output: added,
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const set = await call.administration.factors.confirmTotp({ address, code: body.code })
      return set.kind === 'factor-added' ? addedOf(set) : set
    },
  }),
  defineOperation({
    id: 'totp.remove',
    method: 'delete',
    path: '/accounts/{account}/totp',
    summary: 'Codes are no second factor any more.',
    right: 'self.secrets',
    input: { params: accountParams },
    subject: ofPath,
    output: 'nothing',
    async run({ params }, call) {
      const removed = await call.administration.factors.removeTotp(
        await addressOf(call, params.account),
      )
      return removed.kind === 'factor-removed' ? answer(null) : removed
    },
  }),
  defineOperation({
    id: 'recoveryCodes.create',
    method: 'post',
    path: '/accounts/{account}/recoveryCodes',
    summary: 'Makes ten recovery codes in place of those before; they are shown this once.',
    status: 201,
    secretAnswer: true,
    right: 'self.secrets',
    input: { params: accountParams },
    subject: ofPath,
    output: z.object({ codes: z.array(z.string()) }),
    async run({ params }, call) {
      const made = await call.administration.factors.makeRecoveryCodes(
        await addressOf(call, params.account),
      )
      return made.kind === 'recovery-codes' ? answer({ codes: [...made.codes] }) : made
    },
  }),
  defineOperation({
    id: 'passkeys.begin',
    method: 'post',
    path: '/accounts/{account}/passkeys:begin',
    summary: 'Asks for what a new passkey is made from, as navigator.credentials.create takes it.',
    secretAnswer: true,
    right: 'self.secrets',
    input: { params: accountParams },
    subject: ofPath,
    output: z.object({ question: z.unknown() }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const begun = await call.administration.factors.beginPasskey({
        address,
        binding: bindingOf(call),
      })
      return begun.kind === 'passkey-begun' ? answer({ question: begun.question }) : begun
    },
  }),
  defineOperation({
    id: 'passkeys.create',
    method: 'post',
    path: '/accounts/{account}/passkeys',
    summary: 'Adds a passkey.',
    status: 201,
    secretAnswer: true,
    right: 'self.secrets',
    input: {
      params: accountParams,
      body: z.strictObject({ name: text('Telephone'), answer: z.looseObject({}) }),
    },
    subject: ofPath,
    output: added,
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const made = await call.administration.factors.addPasskey({
        address,
        binding: bindingOf(call),
        ...body,
      })
      return made.kind === 'factor-added' ? addedOf(made) : made
    },
  }),
  defineOperation({
    id: 'passkeys.rename',
    method: 'post',
    path: '/accounts/{account}/passkeys/{passkey}:rename',
    summary: 'Calls a passkey something else.',
    right: 'self.write',
    input: { params: onePasskey, body: z.strictObject({ name: text('Telephone') }) },
    subject: ofPath,
    output: 'nothing',
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const { passkey } = params
      const renamed = await call.administration.factors.renamePasskey({ address, passkey, ...body })
      return renamed.kind === 'passkey-renamed' ? answer(null) : renamed
    },
  }),
  defineOperation({
    id: 'passkeys.remove',
    method: 'delete',
    path: '/accounts/{account}/passkeys/{passkey}',
    summary: 'Removes a passkey.',
    right: 'self.secrets',
    input: { params: onePasskey },
    subject: ofPath,
    output: 'nothing',
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const { passkey } = params
      const removed = await call.administration.factors.removePasskey({ address, passkey })
      return removed.kind === 'factor-removed' ? answer(null) : removed
    },
  }),
]
