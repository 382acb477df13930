// Who may send through us to other hosts: known networks and whoever logged in, nobody else (DESIGN: an unauthenticated client
// never relays).

import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { relayDenied } from './replies.ts'
import { dunno, permit, type Restriction, reject } from './restriction.ts'

export const permitSaslAuthenticated: Restriction = {
  name: 'permit_sasl_authenticated',
  stage: 'recipient',
  decide: ({ request, found }) =>
    found.kind === 'remote' && request.origin.account !== null ? permit : dunno,
}

export function permitMynetworks(isMynetwork: (address: string) => boolean): Restriction {
  return {
    name: 'permit_mynetworks',
    stage: 'recipient',
    decide: ({ request, found }) =>
      found.kind === 'remote' && mayRelay(request) && isMynetwork(request.origin.remoteAddress)
        ? permit
        : dunno,
  }
}

export const rejectUnauthDestination: Restriction = {
  name: 'reject_unauth_destination',
  stage: 'recipient',
  decide: ({ request, found }) =>
    found.kind === 'remote' ? reject(relayDenied(request.recipient)) : dunno,
}

/** RFC 2033 §1: LMTP delivers, it does not relay, whoever speaks it. */
const mayRelay = ({ origin }: RecipientRequest) => origin.listener !== 'lmtp'
