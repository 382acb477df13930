// Sending mail by SES, API version 2. Raw messages need the right of the first version, too; without a sender there is no identity.

import type { AccessRequest } from '../iam.ts'
import { type Place, UnknownRequest, type WireRequest } from '../wire-request.ts'

export function sesAccesses(request: WireRequest, place: Place): readonly AccessRequest[] {
  if (request.method === 'GET' && request.path === '/v2/email/account') {
    return [{ action: 'ses:GetAccount', resource: '*', context: {} }]
  }
  if (request.method !== 'POST' || request.path !== '/v2/email/outbound-emails') {
    throw new UnknownRequest(request)
  }
  const { FromEmailAddress: sender = '' } = JSON.parse(String(request.body))
  const identity = String(sender).split('@').at(-1) || 'none'
  const resource = `arn:aws:ses:${place.region}:${place.accountId}:identity/${identity}`
  return ['ses:SendEmail', 'ses:SendRawEmail'].map((action) => ({ action, resource, context: {} }))
}
