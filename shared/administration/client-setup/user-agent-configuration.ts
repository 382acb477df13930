// The document of PACC (draft-ietf-mailmaint-pacc-02, of February 2026): JSON at `https://ua-auto-config.<domain>/.well-known/user-agent-configuration.json`, and a
// record of the DNS with its digest. The same bytes for everybody who asks, so that the digest holds.
//
// It knows no ports: a protocol is told where it has TLS from the first byte at the port that RFC 8314 gives it, and not at all elsewhere.

import { createHash } from 'node:crypto'
import { type ClientSetupSettings, offeredServices, usualPort } from './offered.ts'

const usual = { imap: usualPort('imaps'), pop3: usualPort('pop3s'), smtp: usualPort('submissions') }

export function userAgentConfiguration(domain: string, settings: ClientSetupSettings): string {
  const told = offeredServices(settings).filter(
    ({ protocol, security, port }) => security === 'tls' && port === usual[protocol],
  )
  const { oidcIssuer, clientSetupName, clientSetupDocumentation } = settings
  return JSON.stringify({
    protocols: Object.fromEntries(told.map(({ protocol, host }) => [protocol, { host }])),
    authentication: {
      ...(oidcIssuer !== '' && { 'oauth-public': { issuer: oidcIssuer } }),
      password: true,
    },
    info: {
      provider: { name: clientSetupName || domain },
      ...(clientSetupDocumentation !== '' && { help: { documentation: clientSetupDocumentation } }),
    },
  })
}

export const userAgentDigestRecord = (document: string) =>
  `v=UAAC1; a=sha256; d=${createHash('sha256').update(document).digest('base64')}`
