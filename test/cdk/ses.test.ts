// Where mail leaves by SES, and only there, may delivery send in the name of the account's domains.

import { expect, it } from 'vitest'
import { permissions } from './roles.ts'
import { hobby, standard } from './syntheses.ts'
import { at, type Synthesis } from './synthesis.ts'

const sending = (synthesis: Synthesis) =>
  permissions(synthesis)
    .filter(({ action }) => action.startsWith('ses:'))
    .map(({ role, action, resource }) => `${role} ${action} on ${resource}`)
    .sort()

const variables = (synthesis: Synthesis) =>
  synthesis
    .find('AWS::Lambda::Function')
    .map(({ Properties }) => at(Properties, 'Environment.Variables'))
    .find((all) => at(all, 'SES_SENDERS') !== undefined)

it('delivery sends by SES where the deployment says so', () => {
  const identities = expect.stringMatching(/:ses:.*:identity\/\*$/)
  expect(sending(hobby).map((line) => line.replace(/ on .*/, ''))).toEqual([
    'deliveryRole ses:GetAccount',
    'deliveryRole ses:SendEmail',
    'deliveryRole ses:SendRawEmail',
  ])
  expect(sending(hobby).slice(1)).toEqual([identities, identities])
  expect(variables(hobby)).toMatchObject({
    // By what is new, and by what was deferred.
    SES_SENDERS: '4',
    POSTWOLKE_DEFAULT_TRANSPORT: 'ses',
    POSTWOLKE_RELAYHOST: '',
  })
})

it('elsewhere it may not', () => {
  expect(sending(standard)).toEqual([])
  expect(variables(standard)).toMatchObject({ SES_SENDERS: '' })
})
